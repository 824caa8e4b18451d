import type { AddressSpace } from './address-space.ts';
import { adoptAnonVmas, type AnonVma, areMergeable, mayShareAnonVma } from './anon-vma.ts';
import type { OpenFile } from './file.ts';
import type { KernelVersion } from './kernel-version.ts';
import type { Vma } from './vma.ts';
import { VM_MAYWRITE, VM_SHARED, VM_SPECIAL } from './vm-flags.ts';

/** What a range would be as a VMA (`struct vma_merge_struct`). */
export interface Candidate {
  readonly start: number;
  readonly end: number;
  readonly pgoff: number;
  readonly anonPgoff: number;
  readonly flags: number;
  readonly file: OpenFile;
  readonly anonVma: AnonVma | null;
  /** The VMA that the range is a part of, or that it is a copy of, if any. */
  readonly source: Vma | null;
}

/** The part of a VMA that changes, or the space that it would take elsewhere, as a candidate. */
export function candidateFor(vma: Vma, start: number, end: number, flags = vma.flags): Candidate {
  const { file, anonVma } = vma;
  return {
    start,
    end,
    pgoff: vma.pgoffAt(start),
    anonPgoff: vma.anonPgoffAt(start),
    flags,
    file,
    anonVma,
    source: vma,
  };
}

function isSpecial(candidate: Candidate): boolean {
  return (candidate.flags & VM_SPECIAL) !== 0;
}

/** `is_mergeable_vma` and `is_mergeable_anon_vma`. */
function isAlike(candidate: Candidate, neighbour: Vma, version: KernelVersion): boolean {
  if (((candidate.flags ^ neighbour.flags) & ~version.mergeIgnores) !== 0) return false;
  if (candidate.file !== neighbour.file) return false;
  if (version.closeForbidsMerge && !isRemovable(neighbour)) return false;
  return version.hasAnonPgoff
    ? mayShareAnonVma(candidate.anonVma, candidate.source, neighbour)
    : areMergeable(candidate.anonVma, neighbour.anonVma, neighbour);
}

/** Whether what lies below an address goes on above it (`needs_adjacent_anon_pgoff`: for private copies, too). */
function goesOn(candidate: Candidate, lower: Pages, upper: Pages, version: KernelVersion): boolean {
  const pages = lower.end - lower.start;
  if (lower.pgoff + pages !== upper.pgoff) return false;
  const isCopyOnWrite = (candidate.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
  return !version.hasAnonPgoff || !isCopyOnWrite || lower.anonPgoff + pages === upper.anonPgoff;
}

type Pages = Pick<Vma, 'start' | 'end' | 'pgoff' | 'anonPgoff'>;

/** `can_vma_merge_left`. */
function mergesWithPrevious(candidate: Candidate, previous: Vma | undefined, version: KernelVersion): previous is Vma {
  return (
    previous?.end === candidate.start &&
    isAlike(candidate, previous, version) &&
    goesOn(candidate, previous, candidate, version)
  );
}

/** `can_vma_merge_right`: when the VMA below merges too, the two neighbours must also agree with each other. */
function mergesWithNext(
  candidate: Candidate,
  next: Vma | undefined,
  previous: Vma | null,
  version: KernelVersion,
): next is Vma {
  return (
    next?.start === candidate.end &&
    isAlike(candidate, next, version) &&
    goesOn(candidate, candidate, next, version) &&
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
  const { version } = space.kernel;
  const { below, above } = neighbours(space, candidate);
  const previous = mergesWithPrevious(candidate, below, version) ? below : null;
  const next = mergesWithNext(candidate, above, previous, version) ? above : null;
  return expand(space, candidate, previous, next);
}

/**
 * What `mmap_region` of 6.1 does in place of that: the VMA above is asked first, and if it merges, its anon_vma stands for
 * that of the range when the one below is asked.
 */
export function mergeAboveFirst(space: AddressSpace, candidate: Candidate): Vma | null {
  if (isSpecial(candidate)) return null;
  const { version } = space.kernel;
  const { below, above } = neighbours(space, candidate);
  const next = mergesWithNext(candidate, above, null, version) ? above : null;
  const asked = next === null ? candidate : { ...candidate, anonVma: next.anonVma };
  const previous = mergesWithPrevious(asked, below, version) ? below : null;
  return expand(space, candidate, previous, next);
}

function neighbours(space: AddressSpace, { start }: Candidate): { below: Vma | undefined; above: Vma | undefined } {
  const index = space.indexFrom(start);
  return { below: space.vmas[index - 1], above: space.vmas[index] };
}

/** `vma_expand`; flags that stick (VMA_STICKY_FLAGS) are kept whichever part had them. */
function expand(space: AddressSpace, candidate: Candidate, previous: Vma | null, next: Vma | null): Vma | null {
  const { version } = space.kernel;
  const grown = previous ?? next;
  if (grown === null) return null;
  const removed = previous !== null && next !== null && isRemovable(next) ? next : null;
  grown.flags |= (candidate.flags | (removed?.flags ?? 0)) & version.mergeKeeps;
  if (removed !== null) adoptAnonVmas(grown, removed, version);
  if (version.hasAnonPgoff && candidate.source !== null) adoptAnonVmas(grown, candidate.source, version);

  if (grown === next) {
    next.moveStart(candidate.start);
  } else {
    grown.end = removed?.end ?? candidate.end;
    if (removed !== null) space.forget(removed);
  }
  return grown;
}

/**
 * `vma_merge_existing_range`: a part of a VMA that changes its flags may become part of a neighbour that already has
 * them. Returns the VMA that contains the range afterwards, or null when nothing merged.
 */
export function mergeExistingRange(space: AddressSpace, vma: Vma, candidate: Candidate): Vma | null {
  const isLeftSide = candidate.start === vma.start;
  const isRightSide = candidate.end === vma.end;
  if (isSpecial(candidate) || (!isLeftSide && !isRightSide)) return null;

  const { version } = space.kernel;
  const index = space.indexFrom(vma.start);
  const below = space.vmas[index - 1];
  const above = space.vmas[index + 1];
  const previous = isLeftSide && mergesWithPrevious(candidate, below, version) ? below : null;
  let next = isRightSide && mergesWithNext(candidate, above, previous, version) ? above : null;

  const isWhole = isLeftSide && isRightSide;
  if (isWhole && !isRemovable(vma)) return null;
  if (previous !== null && next !== null && !isRemovable(next)) next = null;

  const target = previous ?? next;
  if (target !== null) target.flags |= (candidate.flags | (next?.flags ?? 0)) & version.mergeKeeps;
  if (previous !== null && next !== null) {
    // One of the two that vanish has the anon_vma, if any has; whose chain is taken over differs.
    const [first, second] = version.adoptsFromChangedFirst ? [vma, next] : [next, vma];
    adoptAnonVmas(previous, first.anonVma === null ? second : first, version);
    previous.end = next.end;
    space.forget(vma);
    space.forget(next);
    return previous;
  }
  if (previous !== null) {
    adoptAnonVmas(previous, vma, version);
    previous.end = candidate.end;
    if (isWhole) {
      space.forget(vma);
    } else {
      vma.moveStart(candidate.end);
    }
    return previous;
  }
  if (next !== null) {
    adoptAnonVmas(next, vma, version);
    next.moveStart(candidate.start);
    if (isWhole) space.forget(vma);
    else vma.end = candidate.start;
  }
  return next;
}
