import type { ClauseId } from '../../spec/clauses.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import type { TargetFacts } from '../../spec/protocol.ts';
import {
  findVma,
  isCrowded,
  isFixedInSize,
  isSpecial,
  lockedPages,
  mayExpand,
  mayLock,
  slice,
  splitAt,
} from './areas.ts';
import * as changes from '../changes.ts';
import type { Draft } from '../draft.ts';
import { populate } from '../memory/gup.ts';
import { mergeNew } from './merge.ts';
import { inserted } from './mmap.ts';
import { fail, succeed } from '../outcome.ts';
import { gapFor } from './huge-alignment.ts';
import { chooseGap, isFree, mayLieAt, PAGE_SIZE } from './place.ts';
import { readsNewEntries } from '../memory/pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process, Vma } from '../state.ts';
import { unmapRange } from './unmap.ts';
import * as flag from '../vm-flags.ts';

/** What every mremap is made of, in whatever order a kernel does it. */

/** An mremap under way; pages. */
export interface Remap {
  readonly op: Op<'mremap'>;
  readonly start: number;
  oldPages: number;
  /** More than any address space has for what does not fit. */
  readonly newPages: number;
  readonly isFixed: boolean;
  readonly mayMove: boolean;
  readonly dontUnmap: boolean;
  /** The new address asked for, in bytes; 0 when none is. */
  readonly to: number | undefined;
}

/** Whether old and new range overlap. Without a place the new one begins at address 0, from where few lengths reach the arena. */
export function overlaps(facts: TargetFacts, { start, oldPages, newPages, to }: Remap, target: number): boolean {
  const from = to === undefined ? -(facts.arenaStart ?? Infinity) : target;
  return start + oldPages > from && from + newPages > start;
}

/** The last checks of a move to a place that was named, and the move. */
export function moveTo(draft: Draft, process: ProcessDraft, vma: Vma, remap: Remap): Outcome {
  if (remap.dontUnmap && !mayExpand(draft, process, remap.oldPages)) return fail(draft, 'ENOMEM', 'SIZE-01');
  const target = remap.isFixed ? (remap.to ?? 0) / PAGE_SIZE : hinted(draft, process, vma, remap);
  if (target === undefined) return fail(draft, 'ENOMEM', 'REMAP-12');
  return move(draft, process, vma, remap, target);
}

/** `get_unmapped_area` with the new address as a hint. */
function hinted(draft: Draft, process: Process, vma: Vma, { start, to, newPages }: Remap): number | undefined {
  if (to === undefined) return gapFor(draft, process, newPages, vma.pgoff + start - vma.start);
  const page = Math.floor(to / PAGE_SIZE);
  if (isFree(process.vmas, page, page + newPages) && mayLieAt(draft.kernel.facts, page, newPages)) return page;
  return chooseGap(draft.kernel.facts, process.vmas, newPages);
}

/** `vma_to_resize`: why the area cannot be moved or grow, in the order of the kernel's checks. */
export function refusal(draft: Draft, process: Process, vma: Vma | undefined, remap: Remap): Outcome | undefined {
  const { start, oldPages, newPages } = remap;
  if (vma === undefined) return fail(draft, 'EFAULT', 'REMAP-07');
  if (oldPages === 0 && (vma.flags & (flag.VM_SHARED | flag.VM_MAYSHARE)) === 0) {
    return fail(draft, 'EINVAL', 'REMAP-13');
  }
  if (remap.dontUnmap) {
    if (!changes.dontunmapForAll(draft.kernel)) return fail(draft, 'EINVAL', 'REMAP-14');
    if (isFixedInSize(vma.flags)) return fail(draft, 'EINVAL', 'REMAP-15');
  }
  if (oldPages > vma.end - start) return fail(draft, 'EFAULT', 'REMAP-16');
  if (newPages === oldPages) return undefined;
  if (isFixedInSize(vma.flags)) return fail(draft, 'EFAULT', 'REMAP-17');
  const more = newPages - oldPages;
  const lockedMore = changes.mremapCountsLockedBytes(draft.kernel) ? wrapped(process, more) : more;
  if ((vma.flags & flag.VM_LOCKED) !== 0 && !mayLock(draft, process, lockedMore))
    return fail(draft, 'EAGAIN', 'LOCK-19');
  if (!mayExpand(draft, process, more)) return fail(draft, 'ENOMEM', 'SIZE-01');
  if (!changes.mremapChargesLate(draft.kernel) && !mayCharge(draft, vma, more))
    return fail(draft, 'ENOMEM', 'REMAP-18');
  return undefined;
}

/** Pages more than are locked already, where the sum is made in bytes of 64 bits. */
function wrapped(process: Process, more: number): number {
  const locked = lockedPages(process);
  return ((locked + more) % 2 ** 52) - locked;
}

/** `security_vm_enough_memory_mm`. */
function mayCharge(draft: Draft, vma: Vma, more: number): boolean {
  return (vma.flags & flag.VM_ACCOUNT) === 0 || more <= draft.kernel.facts.memoryPages;
}

/** Grows an area: in place where there is room behind it, else somewhere else if it may move. */
export function grow(draft: Draft, process: ProcessDraft, vma: Vma, remap: Remap): Outcome {
  const { start, oldPages, newPages } = remap;
  const { facts } = draft.kernel;
  const more = newPages - oldPages;
  const isTail = oldPages === vma.end - start;
  if (isTail && isFree(process.vmas, vma.end, vma.end + more) && mayLieAt(facts, vma.end, more)) {
    if (!mayCharge(draft, vma, more)) return fail(draft, 'ENOMEM', 'REMAP-18');
    // It grows by merging with what is added, which a special area does not.
    if (isSpecial(vma.flags) && growsByMerging(draft)) return fail(draft, 'ENOMEM', 'PLACE-08');
    growInPlace(draft, process, vma, more);
    if ((vma.flags & flag.VM_LOCKED) !== 0) {
      draft.framesClauses.push('LOCK-06');
      populate(draft, process, start + oldPages, start + newPages, true);
    }
    return succeed(draft, start, 'REMAP-19');
  }
  if (!remap.mayMove) return fail(draft, 'ENOMEM', 'REMAP-20');
  const target = gapFor(draft, process, newPages, vma.pgoff + start - vma.start);
  if (target === undefined) return fail(draft, 'ENOMEM', 'REMAP-12');
  return move(draft, process, vma, remap, target);
}

/** An area whose driver has `close` grew by itself for longer (mm/mremap.c of the stable series 6.1). */
function growsByMerging({ contract, kernel }: Draft): boolean {
  if (contract.vmOperations.close && !changes.closeHindersRemovalOnly(kernel)) return false;
  return changes.mremapMergesInPlace(kernel);
}

function growInPlace(draft: Draft, process: ProcessDraft, vma: Vma, more: number): void {
  const extension = { ...slice(vma, vma.end, vma.end), end: vma.end + more };
  const merged = changes.mremapMergesInPlace(draft.kernel)
    ? mergeNew(draft, process.vmas, extension, 'grown')
    : undefined;
  if (merged === undefined) process.replaceArea(vma, { ...vma, end: vma.end + more });
  else process.vmas = merged;
  draft.layoutClauses.push('REMAP-21');
}

/**
 * What lies at the place that was named goes, and the tail that a shorter length cuts off. Whether there was room for the areas
 * that this may divide.
 */
export function makeRoom(draft: Draft, process: ProcessDraft, remap: Remap, target: number): boolean {
  const { start, oldPages, newPages, isFixed } = remap;
  if (isFixed && unmapRange(draft, process, target, target + newPages, 'UNMAP-07') === 'no-room') return false;
  return (
    oldPages <= newPages || unmapRange(draft, process, start + newPages, start + oldPages, 'UNMAP-07') !== 'no-room'
  );
}

/** `move_vma`: the new area first, then the pages, then the old area goes. */
export function move(draft: Draft, process: ProcessDraft, vma: Vma, remap: Remap, target: number): Outcome {
  const { start, oldPages, newPages } = remap;
  const { kernel } = draft;
  const end = start + oldPages;
  const dividesFirst = remap.dontUnmap && (vma.flags & flag.VM_LOCKED) !== 0 && changes.dontunmapDividesLocked(kernel);
  if (changes.mremapReservesAreas(kernel)) {
    if (!hasRoom(draft, process, dividesFirst ? 3 : 2)) return fail(draft, 'ENOMEM', 'AREA-04');
  } else if (isCrowded(draft, process, 3)) {
    return fail(draft, 'ENOMEM', 'AREA-04');
  }
  if (dividesFirst) {
    for (const page of [start, end]) {
      const divided = findVma(process.vmas, page);
      if (divided === undefined || divided.start === page) continue;
      if (isCrowded(draft, process)) return fail(draft, 'ENOMEM', 'AREA-04');
      splitAt(draft, process, page, 'REMAP-22');
    }
  }
  const source = findVma(process.vmas, start);
  if (source === undefined) throw new Error('model: the area that mremap moves is gone');
  const charge = remap.dontUnmap ? newPages : newPages - oldPages;
  if (changes.mremapChargesLate(kernel) && !mayCharge(draft, vma, charge)) return fail(draft, 'ENOMEM', 'REMAP-18');

  const delta = start - source.start;
  const copyOf: Vma = {
    ...source,
    start: target,
    end: target + newPages,
    pgoff: source.pgoff + delta,
    anonPgoff: source.anon === 0 ? target : source.anonPgoff + delta,
  };
  const merged = mergeNew(draft, process.vmas, copyOf, 'moved');
  if (merged === undefined && draft.contract.vmOperations.open) draft.callback('vm_open', '', 'REMAP-23');
  if (merged !== undefined) draft.layoutClauses.push('VMA-03');
  process.vmas = merged ?? inserted(process.vmas, copyOf);
  movePages(draft, process, start, end, target);
  forgetTracking(draft, process, start);

  if (remap.dontUnmap) keepSource(process, start, end);
  else if (oldPages > 0 && unmapRange(draft, process, start, end, 'REMAP-24') === 'no-room') {
    throw new Error('model: mremap found no room for the area that it divides');
  }
  if ((vma.flags & flag.VM_LOCKED) !== 0 && newPages > oldPages) {
    draft.framesClauses.push('LOCK-06');
    populate(draft, process, target + oldPages, target + newPages, true);
  }
  draft.layoutClauses.push('REMAP-21');
  return succeed(draft, target, movedClause(remap));
}

/** `untrack_pfn_clear`: an area of which pages have gone is not the one that remap_pfn_range has made, not even what is left of it. */
function forgetTracking(draft: Draft, process: ProcessDraft, page: number): void {
  const area = findVma(process.vmas, page);
  if (area === undefined || (area.flags & flag.VM_PAT) === 0) return;
  process.replaceArea(area, { ...area, flags: area.flags & ~flag.VM_PAT });
  draft.layoutClauses.push('PLACE-10');
}

function movedClause({ oldPages, dontUnmap, to }: Remap): ClauseId {
  if (oldPages === 0) return 'REMAP-25';
  if (dontUnmap) return 'REMAP-26';
  return to === undefined ? 'REMAP-31' : 'REMAP-27';
}

/** Whether so many areas may be added. */
export function hasRoom(draft: Draft, process: Process, areas: number): boolean {
  const limit = draft.setting.areas;
  return limit === undefined || process.vmas.length + areas <= limit;
}

/** `move_page_tables`: the entries go along, and count as soft-dirty from then on. */
function movePages(draft: Draft, process: ProcessDraft, start: number, end: number, target: number): void {
  const moving = [...process.pages].filter(([page]) => page >= start && page < end);
  if (moving.length === 0) return;
  const pages = process.changingPages();
  for (const [page, entry] of moving) {
    pages.delete(page);
    pages.set(target + page - start, { ...entry, softDirty: true, known: readsNewEntries(draft) });
  }
  draft.framesTouched = true;
  draft.framesClauses.push('REMAP-28');
}

/**
 * What MREMAP_DONTUNMAP leaves behind: an area without pages and without locks, and without copies if all of it moved. The
 * kernel counts as locked what was so before, which is too much when more was unlocked than has moved.
 */
function keepSource(process: ProcessDraft, start: number, end: number): void {
  const locked = lockedPages(process);
  process.vmas = process.vmas.map((vma) => {
    if (start < vma.start || start >= vma.end) return vma;
    const flags = vma.flags & ~flag.VM_LOCKED_MASK;
    const isWhole = vma.start === start && vma.end === end;
    return isWhole ? { ...vma, flags, anon: 0, chain: [], anonPgoff: vma.start } : { ...vma, flags };
  });
  const unlocked = locked - lockedPages(process);
  process.miscountedLocks += Math.max(0, unlocked - (end - start));
}
