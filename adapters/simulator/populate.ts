import type { AddressSpace } from './address-space.ts';
import type { Errno } from './errno.ts';
import { getUserPages, type UserPages } from './gup.ts';
import type { Vma } from './vma.ts';
import { VM_ACCESS_FLAGS, VM_IO, VM_LOCKONFAULT, VM_PFNMAP, VM_SHARED, VM_WRITE } from './vm-flags.ts';

/** `mm_populate`: what cannot be brought in is left out. */
export function populate(space: AddressSpace, start: number, end: number): void {
  populateStrictly(space, start, end, true);
}

/** `__mm_populate`: area by area; errors end it unless they are to be ignored. */
export function populateStrictly(space: AddressSpace, start: number, end: number, ignoreErrors = false): Errno | null {
  let page = start;
  while (page < end) {
    const vma = space.vmas[space.indexFrom(page)];
    if (vma === undefined || vma.start >= end) return null;
    const next = Math.min(end, vma.end);
    const from = Math.max(page, vma.start);
    if ((vma.flags & (VM_IO | VM_PFNMAP)) !== 0) {
      page = next;
      continue;
    }
    const result = populateArea(space, vma, from, next);
    if (typeof result === 'string') {
      if (!ignoreErrors) return result;
      page = next;
    } else {
      page = from + result;
    }
  }
  return null;
}

/** `populate_vma_page_range`: returns how many pages are there now, or the error that the first of them met. */
export function populateArea(space: AddressSpace, vma: Vma, start: number, end: number): number | Errno {
  const isAccessible = (vma.flags & VM_ACCESS_FLAGS) !== 0;
  const isOnFault = (vma.flags & VM_LOCKONFAULT) !== 0;
  if (isOnFault && (isAccessible || !space.kernel.version.locksOnlyAccessible)) return end - start;
  if (!isAccessible) return 'EFAULT';
  // Writable private mappings are copied right away; all others are only read, even those that cannot be read.
  const write = (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE;
  return countOrError(getUserPages(space, start, end - start, { write, force: !write }));
}

/** What functions of this kind return: the pages that were had, or an error if there was none. */
export function countOrError({ frames, error }: UserPages): number | Errno {
  return frames.length === 0 && error !== null ? error : frames.length;
}
