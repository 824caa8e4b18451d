import type { TargetFacts } from '../../spec/protocol.ts';
import { type Int64, toUnsigned } from '../../spec/integer.ts';
import type { Address } from '../../spec/program.ts';
import type { Draft } from '../draft.ts';
import type { Vma } from '../state.ts';

export const PAGE_SIZE = 4096;

/** Lengths from here on are rejected by `mmap` and `munmap` whatever else, on every machine. */
export const TOO_LONG = 2n ** 47n;
const ROUNDS_TO_ZERO = 2n ** 64n - BigInt(PAGE_SIZE);

/** The byte address relative to the arena; undefined when the mapping variable was never bound. */
export function resolve(draft: Draft, address: Address): number | undefined {
  if ('arena' in address) return address.arena;
  const page = draft.mappings.get(address.map);
  return page === undefined ? undefined : page * PAGE_SIZE + address.offset;
}

/**
 * The length of a range in pages, rounded up as PAGE_ALIGN does, or what is wrong with it: nothing is as long as TASK_SIZE,
 * and the last page's worth of lengths wraps to zero.
 */
export type PageCount = number | 'zero' | 'wraps' | 'too-long';

export function pageCount(length: Int64): PageCount {
  if (typeof length === 'number' && length >= 0 && length < 2 ** 47) {
    return length === 0 ? 'zero' : Math.ceil(length / PAGE_SIZE);
  }
  const unsigned = toUnsigned(length);
  if (unsigned > ROUNDS_TO_ZERO) return 'wraps';
  if (unsigned >= TOO_LONG) return 'too-long';
  return unsigned === 0n ? 'zero' : Number((unsigned + 4095n) / 4096n);
}

/** Whether the bytes lie entirely in the arena or entirely in the zone, rounded out to pages (see `unsafe` in the protocol). */
function inside(facts: TargetFacts, at: number, bytes: number): boolean {
  const start = Math.floor(at / PAGE_SIZE);
  const end = Math.max(Math.ceil((at + bytes) / PAGE_SIZE), start + 1);
  return mayLieAt(facts, start, end - start);
}

/** The first page of the zone: it lies on the far side of the arena, as the kernel's search goes. */
export function zoneStart(facts: TargetFacts): number {
  if (facts.searchesUpward === true) return facts.arenaPages + facts.guardPages;
  return -(facts.guardPages + facts.zonePages);
}

/** The page behind the zone. */
export function zoneEnd(facts: TargetFacts): number {
  return zoneStart(facts) + facts.zonePages;
}

/**
 * Whether an operation on a range may be performed without touching what belongs to the target itself.
 * `rejects` says which absurd lengths the operation refuses whatever the range.
 */
export function safe(facts: TargetFacts, at: number, length: Int64, rejects: 'too-long' | 'wraps'): boolean {
  const pages = pageCount(length);
  if (pages === 'zero') return inside(facts, at, 0);
  if (pages === 'wraps') return inside(facts, at, 0);
  if (pages === 'too-long') return rejects === 'too-long' && inside(facts, at, 0);
  return inside(facts, at, typeof length === 'number' ? length : Number(toUnsigned(length)));
}

/** Pages of a process' address space (TASK_SIZE); on x86-64 one less than 2^47 bytes have. */
export function taskPages(facts: TargetFacts): number {
  return facts.taskPages ?? 2 ** 35 - 1;
}

/** Whether the program may have mappings there, which is where the kernel finds nothing else in the way. */
export function mayLieAt(facts: TargetFacts, start: number, pages: number): boolean {
  const end = start + pages;
  return (start >= 0 && end <= facts.arenaPages) || (start >= zoneStart(facts) && end <= zoneEnd(facts));
}

/** Whether nothing is mapped in the range. */
export function isFree(vmas: readonly Vma[], start: number, end: number): boolean {
  return vmas.every((vma) => vma.end <= start || vma.start >= end);
}

/**
 * Where the kernel maps when it may choose: the first gap that is long enough, from the top down (mm/mmap.c
 * `arch_get_unmapped_area_topdown`) or from the bottom up (`arch_get_unmapped_area`). By construction of the targets that
 * is in the arena, then in the zone.
 */
export function chooseGap(facts: TargetFacts, vmas: readonly Vma[], pages: number): number | undefined {
  const search = facts.searchesUpward === true ? lowestGap : highestGap;
  return search(vmas, 0, facts.arenaPages, pages) ?? search(vmas, zoneStart(facts), zoneEnd(facts), pages);
}

function highestGap(vmas: readonly Vma[], low: number, high: number, pages: number): number | undefined {
  let top = high;
  for (let index = vmas.length - 1; index >= 0; index--) {
    const vma = vmas[index];
    if (vma === undefined || vma.start >= high) continue;
    if (vma.end <= low) break;
    if (top - vma.end >= pages) return top - pages;
    top = vma.start;
  }
  return top - low >= pages ? top - pages : undefined;
}

function lowestGap(vmas: readonly Vma[], low: number, high: number, pages: number): number | undefined {
  let bottom = low;
  for (const vma of vmas) {
    if (vma.end <= low) continue;
    if (vma.start >= high) break;
    if (vma.start - bottom >= pages) return bottom;
    bottom = vma.end;
  }
  return high - bottom >= pages ? bottom : undefined;
}
