import type { AddressSpace } from './address-space.ts';
import { VM_PFNMAP, VM_SOFTDIRTY } from './vm-flags.ts';

/** `clear_refs_write` for CLEAR_REFS_SOFT_DIRTY: from here on the first write to each page is noticed. */
export function clearSoftDirty(space: AddressSpace): void {
  for (const vma of space.vmas) {
    if ((vma.flags & VM_SOFTDIRTY) !== 0) {
      vma.flags &= ~VM_SOFTDIRTY;
      vma.setPageProtection();
    }
    // `clear_refs_test_walk`.
    if ((vma.flags & VM_PFNMAP) !== 0) continue;
    for (const page of space.pageTable.presentIn(vma.start, vma.end)) {
      const entry = space.pageTable.get(page);
      if (entry === undefined) continue;
      entry.writable = false;
      entry.softDirty = false;
    }
  }
}
