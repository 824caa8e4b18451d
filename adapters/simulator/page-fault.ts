import type { AddressSpace } from './address-space.ts';
import { prepareAnonVma } from './anon-vma.ts';
import type { Frame } from './frames.ts';
import type { PageTableEntry } from './page-table.ts';
import { VM_ACCESS_FLAGS, VM_MAYSHARE, VM_SHARED, VM_WRITE, type Vma } from './vma.ts';

/** Why an access failed, as `si_code` says it: the first two come with SIGSEGV, the last with SIGBUS. */
export type BadAccess = 'MAPERR' | 'ACCERR' | 'ADRERR';

/** Resolves one access of a process to a page as processor and kernel do together; returns the frame behind it. */
export function accessPage(space: AddressSpace, page: number, write: boolean): Frame | BadAccess {
  const vma = space.find(page);
  if (vma === undefined) return 'MAPERR';
  // `access_error`: on x86 every page that may be accessed at all can be read.
  if ((vma.flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)) === 0) return 'ACCERR';

  const entry = space.pageTable.get(page);
  if (entry !== undefined) return write && !entry.writable ? writeToProtected(space, vma, page, entry) : entry.frame;

  // `do_fault`.
  if (!write) return readFault(space, vma, page);
  return (vma.flags & VM_SHARED) === 0 ? copyFault(space, vma, page) : sharedFault(space, vma, page);
}

/** `__do_fault`: asks the driver. */
function askDriver(vma: Vma, page: number, write: boolean): Frame | 'SIGBUS' {
  return vma.operations?.fault(vma, vma.pgoffAt(page), write) ?? 'SIGBUS';
}

/** `do_read_fault`: a private page stays protected, so that the first write is seen (`vm_get_page_prot`). */
function readFault(space: AddressSpace, vma: Vma, page: number): Frame | BadAccess {
  const frame = askDriver(vma, page, false);
  if (frame === 'SIGBUS') return 'ADRERR';
  const sharedAndWritable = VM_SHARED | VM_WRITE;
  space.pageTable.install(page, frame, (vma.flags & sharedAndWritable) === sharedAndWritable);
  return frame;
}

/** `do_shared_fault`. */
function sharedFault(space: AddressSpace, vma: Vma, page: number): Frame | BadAccess {
  const frame = askDriver(vma, page, true);
  if (frame === 'SIGBUS') return 'ADRERR';
  space.pageTable.install(page, frame, true);
  return frame;
}

/** `do_cow_fault`: the driver's page is only copied. The anon_vma comes first and stays even if the driver fails. */
function copyFault(space: AddressSpace, vma: Vma, page: number): Frame | BadAccess {
  prepare(space, vma);
  const original = askDriver(vma, page, true);
  if (original === 'SIGBUS') return 'ADRERR';
  const copy = space.kernel.memory.allocateCopy(original);
  space.pageTable.install(page, copy, true);
  space.kernel.memory.put(original);
  return copy;
}

/** `do_wp_page`: a private copy that nobody else refers to is reused, everything else is copied (`wp_page_copy`). */
function writeToProtected(space: AddressSpace, vma: Vma, page: number, entry: PageTableEntry): Frame {
  const { frame } = entry;
  if ((vma.flags & (VM_SHARED | VM_MAYSHARE)) !== 0 || (frame.anonymous && frame.references === 1)) {
    entry.writable = true;
    return frame;
  }
  prepare(space, vma);
  const copy = space.kernel.memory.allocateCopy(frame);
  space.pageTable.clear(page);
  space.pageTable.install(page, copy, true);
  return copy;
}

function prepare(space: AddressSpace, vma: Vma): void {
  if (vma.anonVma !== null) return;
  const index = space.indexFrom(vma.start);
  prepareAnonVma(vma, space.vmas[index - 1], space.vmas[index + 1]);
}
