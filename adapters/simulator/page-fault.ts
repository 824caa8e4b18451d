import type { AddressSpace } from './address-space.ts';
import { prepareAnonVma } from './anon-vma.ts';
import type { Frame } from './frames.ts';
import type { PageTableEntry } from './page-table.ts';
import type { Vma } from './vma.ts';
import { VM_ACCESS_FLAGS, VM_MAYSHARE, VM_SHARED, VM_WRITE } from './vm-flags.ts';

/** Why an access failed, as `si_code` says it: the first two come with SIGSEGV, the last with SIGBUS. */
export type BadAccess = 'MAPERR' | 'ACCERR' | 'ADRERR';

/** What is wanted of a page: `unshare` makes a private copy that may only be read (FAULT_FLAG_UNSHARE). */
export type FaultKind = 'read' | 'write' | 'unshare';

/** What `handle_mm_fault` says; a guard region is VM_FAULT_SIGSEGV. */
export type FaultResult = 'done' | 'SIGBUS' | 'SIGSEGV';

/** Resolves one access of a process to a page as processor and kernel do together; returns the frame behind it. */
export function accessPage(space: AddressSpace, page: number, write: boolean): Frame | BadAccess {
  const vma = space.find(page);
  if (vma === undefined) return 'MAPERR';
  // `access_error`: on x86 every page that may be accessed at all can be read.
  if ((vma.flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)) === 0) return 'ACCERR';

  for (;;) {
    const entry = space.pageTable.get(page);
    if (entry !== undefined && (!write || entry.writable)) {
      if (write) entry.dirty = true;
      return entry.frame;
    }
    const result = handleFault(space, vma, page, write ? 'write' : 'read');
    if (result === 'SIGBUS') return 'ADRERR';
    // The kernel finds the area, so that a guard region looks as if nothing were mapped.
    if (result === 'SIGSEGV') return 'MAPERR';
  }
}

/** `handle_pte_fault`. */
export function handleFault(space: AddressSpace, vma: Vma, page: number, kind: FaultKind): FaultResult {
  const { pageTable } = space;
  if (pageTable.isGuard(page)) return 'SIGSEGV';
  const entry = pageTable.get(page);
  if (entry !== undefined) {
    if (kind !== 'read') writeToProtected(space, vma, page, entry, kind);
    return 'done';
  }
  // `do_fault`: without the driver's function, a page that is not there cannot be had, not even for a copy.
  if ((vma.operations?.fault ?? null) === null) return 'SIGBUS';
  if (kind !== 'write') return readFault(space, vma, page);
  return (vma.flags & VM_SHARED) === 0 ? copyFault(space, vma, page) : sharedFault(space, vma, page);
}

/** `__do_fault`: asks the driver. */
function askDriver(vma: Vma, page: number, write: boolean): Frame | 'SIGBUS' {
  return vma.operations?.fault?.(vma, vma.pgoffAt(page), write) ?? 'SIGBUS';
}

/** `do_read_fault`: a private page stays protected, so that the first write is seen (`vm_get_page_prot`). */
function readFault(space: AddressSpace, vma: Vma, page: number): FaultResult {
  const frame = askDriver(vma, page, false);
  if (frame === 'SIGBUS') return frame;
  space.pageTable.install(page, { frame, writable: vma.isReadWritable, dirty: false, softDirty: false });
  return 'done';
}

/** `do_shared_fault`. */
function sharedFault(space: AddressSpace, vma: Vma, page: number): FaultResult {
  const frame = askDriver(vma, page, true);
  if (frame === 'SIGBUS') return frame;
  space.pageTable.install(page, written(vma, frame));
  return 'done';
}

/** `do_cow_fault`: the driver's page is only copied. The anon_vma comes first and stays even if the driver fails. */
function copyFault(space: AddressSpace, vma: Vma, page: number): FaultResult {
  prepare(space, vma);
  const original = askDriver(vma, page, true);
  if (original === 'SIGBUS') return original;
  const copy = space.kernel.memory.allocateCopy(original);
  space.pageTable.install(page, written(vma, copy));
  space.kernel.memory.put(original);
  return 'done';
}

/** `do_wp_page`: a private copy that nobody else refers to is reused, everything else is copied (`wp_page_copy`). */
function writeToProtected(
  space: AddressSpace,
  vma: Vma,
  page: number,
  entry: PageTableEntry,
  kind: 'write' | 'unshare',
): void {
  const { frame } = entry;
  const isShared = (vma.flags & (VM_SHARED | VM_MAYSHARE)) !== 0;
  if (isShared || (frame.anonymous && frame.references === 1)) {
    if (frame.anonymous) frame.exclusive = true;
    if (kind === 'write') Object.assign(entry, written(vma, frame));
    return;
  }
  prepare(space, vma);
  const copy = space.kernel.memory.allocateCopy(frame);
  const { softDirty } = entry;
  space.pageTable.clear(page);
  const copied = kind === 'write' ? written(vma, copy) : { frame: copy, writable: false, dirty: false, softDirty };
  space.pageTable.install(page, copied);
}

/** `maybe_mkwrite(pte_mkdirty(entry))`: only a mapping that may be written gets a writable entry. */
function written(vma: Vma, frame: Frame): PageTableEntry {
  return { frame, writable: (vma.flags & VM_WRITE) !== 0, dirty: true, softDirty: true };
}

function prepare(space: AddressSpace, vma: Vma): void {
  if (vma.anonVma !== null) return;
  const index = space.indexFrom(vma.start);
  prepareAnonVma(vma, space.vmas[index - 1], space.vmas[index + 1], space.kernel.version);
}
