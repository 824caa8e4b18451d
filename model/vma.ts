import { atLeast } from '../spec/kernel.ts';
import type { Draft } from './draft.ts';
import type { Page, Process, Vma } from './state.ts';
import { VM_ACCESS_FLAGS, VM_DONTEXPAND, VM_SOFTDIRTY } from './vm-flags.ts';

/** The area that holds a page. */
export function findVma(vmas: readonly Vma[], page: number): Vma | undefined {
  for (const vma of vmas) if (page < vma.end) return page >= vma.start ? vma : undefined;
  return undefined;
}

/** The part of an area from `start` to `end`, its offset moved along. */
export function slice(vma: Vma, start: number, end: number): Vma {
  return { ...vma, start, end, pgoff: vma.pgoff + (start - vma.start) };
}

/** Whether areas of this contract's device can be merged at all (mm: `VM_SPECIAL`, `vm_ops->close`). */
function neverMerges(vma: Vma, draft: Draft): boolean {
  return (vma.flags & VM_DONTEXPAND) !== 0 || draft.contract.vmOperations.close;
}

/** mm/vma.c `is_mergeable_anon_vma`: `neighbour` is the existing area, absent when two neighbours are compared. */
export function anonMergeable(a: number, b: number, neighbour: Vma | undefined): boolean {
  if ((a === 0 || b === 0) && (neighbour === undefined || neighbour.chain.length === 1)) return true;
  return a === b;
}

function sameKind(left: Vma, right: Vma, draft: Draft): boolean {
  return (
    left.end === right.start &&
    left.description === right.description &&
    left.pgoff + (left.end - left.start) === right.pgoff &&
    ((left.flags ^ right.flags) & ~VM_SOFTDIRTY) === 0 &&
    !neverMerges(left, draft) &&
    !neverMerges(right, draft)
  );
}

function joined(left: Vma, right: Vma): Vma {
  const owner = left.anon !== 0 ? left : right;
  return { ...left, end: right.end, anon: owner.anon, chain: owner.chain };
}

/**
 * Puts an area between its neighbours and merges it where the kernel does. `vmas` are the others, ascending, with
 * the area's range free. With `existing` the area is part of an older one (mprotect), else it is new (mmap).
 * Returns the new list and whether anything merged.
 */
export function insertMerged(
  vmas: readonly Vma[],
  area: Vma,
  draft: Draft,
  existing: boolean,
): { vmas: Vma[]; merged: boolean } {
  const index = vmas.findIndex((vma) => vma.start >= area.end);
  const at = index === -1 ? vmas.length : index;
  const previous = vmas[at - 1];
  const next = vmas[at];
  const fits = (left: Vma | undefined, right: Vma | undefined, neighbour: Vma | undefined): boolean =>
    left !== undefined &&
    right !== undefined &&
    sameKind(left, right, draft) &&
    anonMergeable(area.anon, neighbour?.anon ?? 0, neighbour);
  let left = fits(previous, area, previous);
  const right = fits(area, next, next);
  let both = false;
  if (left && right && previous !== undefined && next !== undefined) {
    const asksPrevious = !existing && hasMapleMmapMerge(draft);
    both = anonMergeable(next.anon, previous.anon, asksPrevious ? previous : undefined);
    if (asksPrevious) left = both;
  }
  const before = vmas.slice(0, at);
  const after = vmas.slice(at);
  let result = area;
  if (left && previous !== undefined) {
    result = joined(previous, result);
    before.pop();
  }
  if (right && (both || !left) && next !== undefined) {
    result = joined(result, next);
    after.shift();
  }
  return { vmas: [...before, result, ...after], merged: left || right };
}

/**
 * From 6.1 to 6.11 `mmap_region` looked at the next area first and then asked whether the previous one fits to the next.
 */
function hasMapleMmapMerge(draft: Draft): boolean {
  return atLeast(draft.kernel, 6, 1) && !atLeast(draft.kernel, 6, 12);
}

/**
 * Cuts the range out of the areas. Returns what is left, and the pieces that were inside.
 * `splits` counts the areas that were divided (each division opens one more area).
 */
export function carve(
  vmas: readonly Vma[],
  start: number,
  end: number,
): { rest: Vma[]; inside: Vma[]; splits: number } {
  const rest: Vma[] = [];
  const inside: Vma[] = [];
  let splits = 0;
  for (const vma of vmas) {
    if (vma.end <= start || vma.start >= end) {
      rest.push(vma);
      continue;
    }
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    if (from > vma.start) {
      rest.push(slice(vma, vma.start, from));
      splits++;
    }
    inside.push(slice(vma, from, to));
    if (to < vma.end) {
      rest.push(slice(vma, to, vma.end));
      splits++;
    }
  }
  return { rest, inside, splits };
}

/** The page table without the pages of a range. */
export function withoutPages(pages: ReadonlyMap<number, Page>, start: number, end: number): ReadonlyMap<number, Page> {
  let copy: Map<number, Page> | undefined;
  for (const page of pages.keys()) {
    if (page >= start && page < end) {
      copy ??= new Map(pages);
      copy.delete(page);
    }
  }
  return copy ?? pages;
}

/**
 * mm/rmap.c `anon_vma_prepare`: before the first private copy an area gets an anon_vma, a neighbour's if the two could be
 * parts of one mapping (`find_mergeable_anon_vma`: the next one is asked first).
 */
export function prepareAnon(process: Process, vma: Vma, draft: Draft): { process: Process; vma: Vma } {
  if (vma.anon !== 0) return { process, vma };
  const index = process.vmas.indexOf(vma);
  const next = process.vmas[index + 1];
  const previous = process.vmas[index - 1];
  let anon = 0;
  if (next !== undefined && anonCompatible(vma, next)) anon = reusable(next);
  if (anon === 0 && previous !== undefined && anonCompatible(previous, vma)) anon = reusable(previous);
  if (anon === 0) {
    anon = draft.id();
    draft.anonParents = new Map(draft.anonParents).set(anon, anon);
  }
  const prepared: Vma = { ...vma, anon, chain: [anon] };
  const changed = { ...process, vmas: process.vmas.with(index, prepared) };
  draft.replace(changed);
  return { process: changed, vma: prepared };
}

function anonCompatible(a: Vma, b: Vma): boolean {
  return (
    a.end === b.start &&
    a.description === b.description &&
    ((a.flags ^ b.flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) === 0 &&
    b.pgoff === a.pgoff + (b.start - a.start)
  );
}

function reusable(vma: Vma): number {
  return vma.chain.length === 1 ? vma.anon : 0;
}
