import type { AddressSpace } from './address-space.ts';
import type { Errno } from './errno.ts';
import type { Vma } from './vma.ts';
import { candidateFor, mergeExistingRange } from './vma-merge.ts';

/**
 * `vma_modify_flags`: gives a part of a VMA other flags, by merging if possible, else by splits at both ends of the range
 * where needed. After an error the first split stays. With `keepsOwn`, a neighbour that takes the part over keeps the flags
 * that merging does not look at, else it gets those that were asked for.
 */
export function modify(
  space: AddressSpace,
  vma: Vma,
  start: number,
  end: number,
  flags: number,
  keepsOwn = space.kernel.version.mergedKeepsFlags,
): Vma | Errno {
  const merged = mergeExistingRange(space, vma, candidateFor(vma, start, end, flags));
  if (merged !== null) {
    if (!keepsOwn) merged.flags = flags;
    return merged;
  }
  const errno =
    (vma.start < start ? space.split(vma, start, 'below') : null) ??
    (vma.end > end ? space.split(vma, end, 'above') : null);
  if (errno !== null) return errno;
  vma.flags = flags;
  return vma;
}
