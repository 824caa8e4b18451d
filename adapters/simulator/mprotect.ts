import { type AddressSpace, exceedsMemory } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { mergeExistingRange } from './vma-merge.ts';
import { VM_ACCESS_FLAGS, VM_ACCOUNT, VM_NORESERVE, VM_SHARED, VM_WRITE, type Vma } from './vma.ts';

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
  if (wanted === vma.flags) return vma;
  let flags = wanted;
  // A private mapping that becomes writable is charged, once: it keeps VM_ACCOUNT when it becomes read-only again.
  if ((flags & VM_WRITE) !== 0 && (vma.flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)) === 0) {
    if (exceedsMemory(end - start)) return 'ENOMEM';
    flags |= VM_ACCOUNT;
  }
  const changed = modify(space, vma, start, end, flags);
  changed.flags = flags;
  changeProtection(space, start, end, flags);
  return changed;
}

/** `vma_modify`: merges if possible, else splits at both ends of the range where needed. */
function modify(space: AddressSpace, vma: Vma, start: number, end: number, flags: number): Vma {
  const { file, anonVma } = vma;
  const merged = mergeExistingRange(space, vma, { start, end, pgoff: vma.pgoffAt(start), flags, file, anonVma });
  if (merged !== null) return merged;
  if (vma.start < start) space.split(vma, start, 'below');
  if (vma.end > end) space.split(vma, end, 'above');
  return vma;
}

/** `change_protection`: present pages stay present. A private one is not made writable here but by the next write. */
function changeProtection(space: AddressSpace, start: number, end: number, flags: number): void {
  for (const page of space.pageTable.presentIn(start, end)) {
    const entry = space.pageTable.get(page);
    if (entry === undefined) continue;
    if ((flags & VM_WRITE) === 0) entry.writable = false;
    else if ((flags & VM_SHARED) !== 0) entry.writable = true;
  }
}
