import { type AddressSpace, exceedsMemory } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { populateArea } from './populate.ts';
import type { Vma } from './vma.ts';
import { modify } from './vma-modify.ts';
import { VM_ACCESS_FLAGS, VM_ACCOUNT, VM_LOCKED, VM_NORESERVE, VM_SHARED, VM_WRITE } from './vm-flags.ts';

/** The VM_MAY bits lie four bits above those that they allow. */
const MAY_SHIFT = 4;

/** `do_mprotect_pkey`, after its checks: VMA by VMA; what was changed before an error stays changed. */
export function doMprotect(space: AddressSpace, start: number, end: number, access: number): Result {
  let next = start;
  let vma = space.find(start);
  while (vma !== undefined) {
    const flags = access | (vma.flags & ~VM_ACCESS_FLAGS);
    if ((flags & ~(flags >> MAY_SHIFT) & VM_ACCESS_FLAGS) !== 0) return 'EACCES';
    const changed = protect(space, vma, next, Math.min(vma.end, end), flags);
    if (typeof changed === 'string') return changed;
    next = changed.end;
    if (next >= end) return 0;
    vma = space.find(next);
  }
  return 'ENOMEM';
}

/** `mprotect_fixup`; returns the VMA that contains the range afterwards. */
function protect(space: AddressSpace, vma: Vma, start: number, end: number, wanted: number): Vma | Errno {
  const before = vma.flags;
  if (wanted === before) return vma;
  let flags = wanted;
  // A private mapping that becomes writable is charged, once: it keeps VM_ACCOUNT when it becomes read-only again.
  if ((flags & VM_WRITE) !== 0 && (before & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)) === 0) {
    if (exceedsMemory(end - start)) return 'ENOMEM';
    flags |= VM_ACCOUNT;
  }
  const changed = modify(space, vma, start, end, flags);
  if (typeof changed === 'string') return changed;
  const tries = space.kernel.version.triesToUpgrade(changed);
  changed.setPageProtection();
  changeProtection(space, changed, start, end, tries);
  // What is locked and private is copied as soon as it may be written.
  if ((before & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED && (flags & VM_WRITE) !== 0) {
    populateArea(space, changed, start, end);
  }
  return changed;
}

/** `change_protection`: present pages stay present; some may be made writable at once that `vm_page_prot` does not. */
function changeProtection(space: AddressSpace, vma: Vma, start: number, end: number, tries: boolean): void {
  const { canUpgrade } = space.kernel.version;
  for (const page of space.pageTable.presentIn(start, end)) {
    const entry = space.pageTable.get(page);
    if (entry === undefined) continue;
    entry.writable = vma.isReadWritable || (tries && canUpgrade(vma, entry));
  }
}
