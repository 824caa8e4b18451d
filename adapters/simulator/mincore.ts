import type { AddressSpace } from './address-space.ts';
import { VM_PFNMAP } from './vm-flags.ts';

/**
 * `mincore`, after the checks of its arguments: one byte for each page. Pages that are not in the page table would be
 * looked up in the page cache, which a driver's pages are not in.
 */
export function doMincore(space: AddressSpace, start: number, pages: number): Uint8Array | 'ENOMEM' {
  const present = new Uint8Array(pages);
  for (let index = 0; index < pages; index += 1) {
    const page = start + index;
    const vma = space.find(page);
    if (vma === undefined) return 'ENOMEM';
    // Walkers of page tables pass over page frame numbers.
    if ((vma.flags & VM_PFNMAP) !== 0 && space.kernel.version.mincoreSkipsRemapped) continue;
    if (space.pageTable.get(page) !== undefined) present[index] = 1;
  }
  return present;
}
