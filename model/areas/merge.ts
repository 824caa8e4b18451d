import type { ClauseId } from '../../spec/clauses.ts';
import { ignoredFlags } from './anon.ts';
import { findVma, isCrowded, isSpecial, slice, splitAt } from './areas.ts';
import { asksNextFirst, closeHindersRemovalOnly, flagsStick, hasAnonymousOffset, mergesUnfaulted } from '../changes.ts';
import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process, Vma } from '../state.ts';
import { VM_MAYBE_GUARD, VM_MAYWRITE, VM_SHARED, VM_SOFTDIRTY } from '../vm-flags.ts';

/** Which areas merge, and what becomes of them: mm/vma.c, and mm/mmap.c before 6.12. */

/** How a range comes into being: by mmap, as the copy that mremap moves, or as the part that mremap lets an area grow by. */
export type Origin = 'mapped' | 'moved' | 'grown';

const STICKY = VM_SOFTDIRTY | VM_MAYBE_GUARD;

/** `is_mergeable_vma`, offsets and the two sides' anon_vmas (`can_vma_merge_after`, `can_vma_merge_before`). */
function fits(draft: Draft, left: Vma, right: Vma, neighbour: Vma, candidate: Vma): boolean {
  const pages = left.end - left.start;
  if (left.end !== right.start || left.description !== right.description) return false;
  if (left.pgoff + pages !== right.pgoff) return false;
  if (((left.flags ^ right.flags) & ~ignoredFlags(draft)) !== 0) return false;
  if (draft.contract.vmOperations.close && !closeHindersRemovalOnly(draft.kernel)) return false;
  if (hasAnonymousOffset(draft.kernel) && isPrivate(candidate) && left.anonPgoff + pages !== right.anonPgoff) {
    return false;
  }
  return anonFits(draft, neighbour, candidate);
}

/** `vma_flags_is_cow_mapping`. */
function isPrivate(vma: Vma): boolean {
  return (vma.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
}

/** `is_mergeable_anon_vma`: whether the neighbour's private copies and the range's can be filed together. */
function anonFits(draft: Draft, neighbour: Vma, candidate: Vma): boolean {
  if (mergesUnfaulted(draft.kernel)) {
    if (neighbour.anon === 0 && candidate.anon !== 0) {
      // The copies' area must not come from a fork; a range that mmap makes has none.
      return candidate.chain.length === 1;
    }
    if (neighbour.anon !== 0 && candidate.anon === 0) return neighbour.chain.length === 1;
    return neighbour.anon === candidate.anon;
  }
  // An area without private copies has an empty chain, and so does not take in one that has some.
  if ((neighbour.anon === 0 || candidate.anon === 0) && neighbour.chain.length === 1) return true;
  return neighbour.anon === candidate.anon;
}

/** Whether the two neighbours of a range fit to each other as well. */
function neighboursFit(previous: Vma, next: Vma): boolean {
  return previous.anon === 0 || next.anon === 0 || previous.anon === next.anon;
}

/** `dup_anon_vma`: an area that takes in private copies must be able to find them. */
function adoptAnon(area: Vma, from: Vma): Vma {
  return area.anon === 0 && from.anon !== 0 ? { ...area, anon: from.anon, chain: from.chain } : area;
}

/**
 * `vma_merge_new_range`: a free range becomes part of a neighbour, or joins both. `vmas` are the areas, ascending. Undefined
 * when nothing merges.
 */
export function mergeNew(draft: Draft, vmas: readonly Vma[], candidate: Vma, origin: Origin): Vma[] | undefined {
  if (isSpecial(candidate.flags)) return undefined;
  const found = vmas.findIndex((vma) => vma.start >= candidate.end);
  const at = found === -1 ? vmas.length : found;
  const previous = vmas[at - 1];
  const next = vmas[at];
  const areJoined = (before: Vma, behind: Vma): boolean =>
    origin === 'mapped' && asksNextFirst(draft.kernel)
      ? anonFits(draft, before, { ...candidate, anon: behind.anon, chain: behind.chain })
      : neighboursFit(before, behind);
  const isPreviousFit = previous !== undefined && fits(draft, previous, candidate, previous, candidate);
  const isNextFit = next !== undefined && fits(draft, candidate, next, next, candidate);
  let left = isPreviousFit ? previous : undefined;
  let right = isNextFit ? next : undefined;
  if (left !== undefined && right !== undefined && !areJoined(left, right)) {
    if (origin === 'mapped' && asksNextFirst(draft.kernel)) left = undefined;
    else right = undefined;
  }
  // The next area would vanish, which a driver that counts its areas would miss.
  if (left !== undefined && draft.contract.vmOperations.close) right = undefined;
  if (left !== undefined) {
    const swallowed = right === undefined ? [candidate] : [right, candidate];
    const joined = swallowed.reduce(adoptAnon, { ...left, end: right?.end ?? candidate.end });
    return vmas.toSpliced(at - 1, swallowed.length, stick(draft, joined, swallowed));
  }
  if (right === undefined) return undefined;
  const { start, pgoff, anonPgoff } = candidate;
  return vmas.toSpliced(at, 1, stick(draft, adoptAnon({ ...right, start, pgoff, anonPgoff }, candidate), [candidate]));
}

/** Flags that survive a merge. */
function stick(draft: Draft, area: Vma, others: readonly Vma[]): Vma {
  if (!flagsStick(draft.kernel)) return area;
  let flags = area.flags;
  for (const other of others) flags |= other.flags & STICKY;
  return { ...area, flags };
}

/** Other flags for the pages from `start` to before `end`, all of one area. */
export interface FlagsChange {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  /** What speaks for dividing the area. */
  readonly clause: ClauseId;
  /** Flags that a neighbour which takes the part in keeps as they are there. */
  readonly keeps?: number;
}

export interface Modified {
  /** False when there was no room for another area; what was divided before stays so. */
  readonly done: boolean;
  /** The neighbour, as it was, that has taken the part in. */
  readonly joined?: Vma;
}

/**
 * `vma_modify_flags`: a part of an area gets other flags. It becomes part of a neighbour that has them already
 * (`vma_merge_existing_range`), or the area is divided where needed.
 */
export function modifyFlags(draft: Draft, process: ProcessDraft, vma: Vma, change: FlagsChange): Modified {
  const { start, end, flags, clause, keeps = 0 } = change;
  const merged = mergeExisting(draft, process, vma, { ...slice(vma, start, end), flags }, keeps);
  if (merged !== undefined) {
    draft.layoutClauses.push('VMA-03');
    // The joined area may be soft-dirty where its parts were not.
    draft.framesTouched = true;
    process.vmas = merged.vmas;
    return { done: true, joined: merged.survivor };
  }
  if (start > vma.start) {
    if (isCrowded(draft, process)) return { done: false };
    splitAt(draft, process, start, clause);
  }
  if (end < vma.end) {
    if (isCrowded(draft, process)) return { done: false };
    splitAt(draft, process, end, clause);
  }
  const part = findVma(process.vmas, start);
  if (part === undefined) throw new Error('model: the area that is modified is gone');
  process.replaceArea(part, { ...part, flags });
  return { done: true };
}

/**
 * `vma_merge_existing_range`; undefined when nothing merges. `part` is the range with its new flags, of which the neighbour
 * that survives has its own where `keeps` says so.
 */
function mergeExisting(
  draft: Draft,
  process: Process,
  vma: Vma,
  part: Vma,
  keeps: number,
): { vmas: Vma[]; survivor: Vma } | undefined {
  if (isSpecial(part.flags)) return undefined;
  const { vmas } = process;
  const index = vmas.indexOf(vma);
  const isLeft = part.start === vma.start;
  const isRight = part.end === vma.end;
  const previous = isLeft ? vmas[index - 1] : undefined;
  const next = isRight ? vmas[index + 1] : undefined;
  const left = previous !== undefined && fits(draft, previous, part, previous, part);
  const isNextFit = next !== undefined && fits(draft, part, next, next, part);
  if (!left && !isNextFit) return undefined;
  // Areas would vanish, which a driver that counts them would miss.
  const { close } = draft.contract.vmOperations;
  if (close && isLeft && isRight) return undefined;
  const right = isNextFit && (!left || (!close && neighboursFit(previous, next))) ? next : undefined;

  if (left) {
    const source = right !== undefined && right.anon !== 0 ? right : part;
    const flags = (part.flags & ~keeps) | (previous.flags & keeps);
    const joined = adoptAnon({ ...previous, end: right?.end ?? part.end, flags }, source);
    const swallowed = right === undefined ? [previous] : [previous, right];
    const rest = isRight ? [] : [slice(vma, part.end, vma.end)];
    const changed = vmas.toSpliced(index - 1, 1 + swallowed.length, stick(draft, joined, swallowed), ...rest);
    return { vmas: changed, survivor: previous };
  }
  if (right === undefined) return undefined;
  const { start, pgoff, anonPgoff } = part;
  const flags = (part.flags & ~keeps) | (right.flags & keeps);
  const joined = stick(draft, adoptAnon({ ...right, start, pgoff, anonPgoff, flags }, part), [right]);
  const rest = isLeft ? [] : [slice(vma, vma.start, part.start)];
  return { vmas: vmas.toSpliced(index, 2, ...rest, joined), survivor: right };
}
