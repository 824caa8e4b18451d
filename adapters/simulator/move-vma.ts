import { type AddressSpace, exceedsMemory } from './address-space.ts';
import { cloneAnonVmas, unlinkAnonVmas } from './anon-vma.ts';
import type { Errno } from './errno.ts';
import { isFree } from './unmapped-area.ts';
import type { Vma } from './vma.ts';
import { candidateFor, mergeNewRange } from './vma-merge.ts';
import { VM_ACCOUNT, VM_ARCH_1, VM_LOCKED, VM_LOCKED_MASK, VM_PFNMAP } from './vm-flags.ts';

/** What moves where, in pages. */
export interface Move {
  readonly start: number;
  readonly oldPages: number;
  readonly newPages: number;
  readonly place: number;
  readonly dontUnmap: boolean;
}

/** `move_vma`: the pages go to a new VMA, and the range of the old one is unmapped. Returns whether it is locked. */
export function moveVma(space: AddressSpace, vma: Vma, move: Move): boolean | Errno {
  const { version } = space.kernel;
  const { start, oldPages, newPages, place, dontUnmap } = move;
  const end = start + oldPages;
  const isSplitFirst = version.splitsLockedSource && dontUnmap && (vma.flags & VM_LOCKED) !== 0;
  if (space.lacksAreas(version.areasToMove(isSplitFirst))) return 'ENOMEM';
  if (isSplitFirst) {
    const errno =
      (vma.start < start ? space.split(vma, start, 'below') : null) ??
      (vma.end > end ? space.split(vma, end, 'above') : null);
    if (errno !== null) return errno;
  }
  const { flags } = vma;
  const isAccounted = (flags & VM_ACCOUNT) !== 0;
  if (isAccounted && exceedsMemory(dontUnmap ? newPages : newPages - oldPages)) return 'ENOMEM';

  copyVma(space, vma, start, place, newPages);
  space.pageTable.move(start, end, place);
  // `untrack_pfn_clear`.
  if ((vma.flags & VM_PFNMAP) !== 0) vma.flags &= ~VM_ARCH_1;
  space.totalPages += newPages;
  if (dontUnmap) {
    keepSource(vma, start, end);
    return false;
  }
  unmapSource(space, vma, start, end);
  const isLocked = (flags & VM_LOCKED) !== 0;
  if (isLocked) space.lockedPages += newPages;
  return isLocked;
}

/** `copy_vma`: a neighbour of the new place may take it over. */
function copyVma(space: AddressSpace, vma: Vma, start: number, place: number, pages: number): void {
  const pgoff = vma.pgoffAt(start);
  // Without private copies nothing refers to where the pages were at first.
  const anonPgoff = vma.anonVma === null ? place : vma.anonPgoffAt(start);
  const candidate = { ...candidateFor(vma, start, start), start: place, end: place + pages, pgoff, anonPgoff };
  if (mergeNewRange(space, candidate) !== null) return;
  const copy = vma.duplicate();
  copy.start = place;
  copy.end = place + pages;
  copy.pgoff = pgoff;
  copy.anonPgoff = anonPgoff;
  cloneAnonVmas(copy, vma, space.kernel.version);
  copy.file.references += 1;
  copy.operations?.open?.(copy);
  space.insert(copy);
}

/** MREMAP_DONTUNMAP: the old VMA stays, empty and unlocked. */
function keepSource(vma: Vma, start: number, end: number): void {
  vma.flags &= ~VM_LOCKED_MASK;
  if (vma.start !== start || vma.end !== end) return;
  unlinkAnonVmas(vma);
  vma.anonPgoff = start;
}

/**
 * Unmaps what was moved. The memory that it was charged with moved, too, so that the VMA counts as not charged meanwhile;
 * what is left of it on either side does again afterwards, unless nothing could be unmapped.
 */
function unmapSource(space: AddressSpace, vma: Vma, start: number, end: number): void {
  const isAccounted = (vma.flags & VM_ACCOUNT) !== 0;
  const hasBefore = vma.start < start;
  const hasAfter = vma.end > end;
  vma.flags &= ~VM_ACCOUNT;
  // An empty range (a duplicated shared mapping) is refused, and so is a hole when there are too many areas.
  if (start === end || space.unmap(start, end) !== null || !isAccounted) return;
  const before = hasBefore ? space.vmas[space.indexFrom(start) - 1] : undefined;
  const after = hasAfter ? space.vmas[space.indexFrom(end)] : undefined;
  if (before !== undefined) before.flags |= VM_ACCOUNT;
  if (after !== undefined) after.flags |= VM_ACCOUNT;
}

/** `vma_expandable`. */
export function isExpandable(space: AddressSpace, vma: Vma, delta: number): boolean {
  return isFree(space, vma.end, vma.end + delta);
}

/** Grows a VMA at its end; returns whether it is locked. */
export function expand(space: AddressSpace, vma: Vma, delta: number): boolean | Errno {
  if ((vma.flags & VM_ACCOUNT) !== 0 && exceedsMemory(delta)) return 'ENOMEM';
  if (space.kernel.version.expandsAlone(vma)) vma.end += delta;
  else if (mergeNewRange(space, { ...candidateFor(vma, vma.end, vma.end + delta), source: null }) === null) {
    return 'ENOMEM';
  }
  space.totalPages += delta;
  const isLocked = (vma.flags & VM_LOCKED) !== 0;
  if (isLocked) space.lockedPages += delta;
  return isLocked;
}
