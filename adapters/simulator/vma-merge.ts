import type { AddressSpace } from './address-space.ts';
import { adoptAnonVmas, type AnonVma, areMergeable } from './anon-vma.ts';
import type { OpenFile } from './file.ts';
import { VM_DONTEXPAND, VM_SOFTDIRTY, type Vma } from './vma.ts';

/** What a range would be as a VMA (`struct vma_merge_struct`). */
export interface Candidate {
  readonly start: number;
  readonly end: number;
  readonly pgoff: number;
  readonly flags: number;
  readonly file: OpenFile;
  readonly anonVma: AnonVma | null;
}

/** VM_SPECIAL, whose other members (VM_IO, VM_PFNMAP, VM_MIXEDMAP) no contract can ask for: such a range never merges. */
function isSpecial(candidate: Candidate): boolean {
  return (candidate.flags & VM_DONTEXPAND) !== 0;
}

/** `is_mergeable_vma`. */
function isAlike(candidate: Candidate, neighbour: Vma): boolean {
  return ((candidate.flags ^ neighbour.flags) & ~VM_SOFTDIRTY) === 0 && candidate.file === neighbour.file;
}

/** `can_vma_merge_left`. */
function mergesWithPrevious(candidate: Candidate, previous: Vma | undefined): previous is Vma {
  return (
    previous?.end === candidate.start &&
    isAlike(candidate, previous) &&
    areMergeable(candidate.anonVma, previous.anonVma, previous) &&
    previous.pgoffAt(previous.end) === candidate.pgoff
  );
}

/** `can_vma_merge_right`: when the VMA below merges too, the two neighbours must also agree with each other. */
function mergesWithNext(candidate: Candidate, next: Vma | undefined, previous: Vma | null): next is Vma {
  return (
    next?.start === candidate.end &&
    isAlike(candidate, next) &&
    areMergeable(candidate.anonVma, next.anonVma, next) &&
    next.pgoff === candidate.pgoff + (candidate.end - candidate.start) &&
    (previous === null || areMergeable(previous.anonVma, next.anonVma, null))
  );
}

/** `can_merge_remove_vma`: a driver that counts its VMAs would miss one that vanished without `close`. */
function isRemovable(vma: Vma): boolean {
  return (vma.operations?.close ?? null) === null;
}

/** `vma_merge_new_range`: grows a neighbour over a free range, or two that the range then joins. */
export function mergeNewRange(space: AddressSpace, candidate: Candidate): Vma | null {
  if (isSpecial(candidate)) return null;
  const index = space.indexFrom(candidate.start);
  const below = space.vmas[index - 1];
  const above = space.vmas[index];
  const previous = mergesWithPrevious(candidate, below) ? below : null;
  const next = mergesWithNext(candidate, above, previous) ? above : null;

  if (previous !== null) {
    if (next !== null && isRemovable(next)) {
      adoptAnonVmas(previous, next);
      previous.end = next.end;
      space.forget(next);
    } else {
      previous.end = candidate.end;
    }
    return previous;
  }
  if (next !== null) {
    next.pgoff = candidate.pgoff;
    next.start = candidate.start;
  }
  return next;
}

/**
 * `vma_merge_existing_range`: a part of a VMA that changes its flags may become part of a neighbour that already has
 * them. Returns the VMA that contains the range afterwards, or null when nothing merged.
 */
export function mergeExistingRange(space: AddressSpace, vma: Vma, candidate: Candidate): Vma | null {
  const isLeftSide = candidate.start === vma.start;
  const isRightSide = candidate.end === vma.end;
  if (isSpecial(candidate) || (!isLeftSide && !isRightSide)) return null;

  const index = space.indexFrom(vma.start);
  const below = space.vmas[index - 1];
  const above = space.vmas[index + 1];
  const previous = isLeftSide && mergesWithPrevious(candidate, below) ? below : null;
  let next = isRightSide && mergesWithNext(candidate, above, previous) ? above : null;

  const isWhole = isLeftSide && isRightSide;
  if (isWhole && !isRemovable(vma)) return null;
  if (previous !== null && next !== null && !isRemovable(next)) next = null;

  if (previous !== null && next !== null) {
    adoptAnonVmas(previous, next.anonVma === null ? vma : next);
    previous.end = next.end;
    space.forget(vma);
    space.forget(next);
    return previous;
  }
  if (previous !== null) {
    adoptAnonVmas(previous, vma);
    previous.end = candidate.end;
    if (isWhole) {
      space.forget(vma);
    } else {
      vma.pgoff = vma.pgoffAt(candidate.end);
      vma.start = candidate.end;
    }
    return previous;
  }
  if (next !== null) {
    adoptAnonVmas(next, vma);
    next.pgoff = candidate.pgoff;
    next.start = candidate.start;
    if (isWhole) space.forget(vma);
    else vma.end = candidate.start;
  }
  return next;
}
