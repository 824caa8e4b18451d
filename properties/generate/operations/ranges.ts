import { placementOf } from '../../../spec/contract.ts';
import type { Int64 } from '../../../spec/integer.ts';
import type { Address } from '../../../spec/program.ts';
import type { Vma } from '../../../model/state.ts';
import { VM_DONTCOPY, VM_LOCKED, VM_MAYBE_GUARD } from '../../../model/vm-flags.ts';
import { Weighted } from '../choices.ts';
import { addressOf, MODEST_PAGES, odd, PAGE } from './common.ts';
import type { Scene } from './scene.ts';

/** Where operations work: ranges of pages and single bytes, told from the areas that there are. */

/** Flags that only operations on an area give it. */
const MARKS = VM_LOCKED | VM_DONTCOPY | VM_MAYBE_GUARD;

type PageRange = readonly [start: number, end: number];

/** A range of pages relative to an area: whole, head, tail, middle, more than it, or somewhere in the arena. */
export function pageRange(scene: Scene): PageRange {
  const { choices, process } = scene;
  const { arenaPages } = scene.kernel.facts;
  if (process.vmas.length === 0 || odd(scene, 8)) {
    const start = choices.between(0, arenaPages - 4);
    return [start, start + choices.between(1, 4)];
  }
  return partOf(scene, choices.pick(preferred(scene)));
}

/** What earlier operations have marked, where there is any: what becomes of it is worth more than one more plain area. */
export function preferred({ choices, process }: Scene): readonly Vma[] {
  const marked = choices.chance(45) ? process.vmas.filter((vma) => (vma.flags & MARKS) !== 0 || vma.anon !== 0) : [];
  return marked.length > 0 ? marked : process.vmas;
}

function partOf(scene: Scene, { start, end }: Vma): PageRange {
  const { choices } = scene;
  const { arenaPages } = scene.kernel.facts;
  const pages = Math.min(end - start, MODEST_PAGES);
  const low = start + choices.between(0, pages - 1);
  const high = choices.between(low + 1, start + pages);
  const [from, to] = choices.weighted<PageRange>([
    [6, [start, end]],
    [5, [start, high]],
    [5, [low, end]],
    [5, [low, high]],
    [4, [start - choices.between(0, 2), end + choices.between(0, 3)]],
    [2, [low, end + choices.between(1, 4)]],
    [end - start > 2 ? (scene.setting.areas === undefined ? 5 : 30) : 0, [start + 1, start + Math.max(2, pages - 1)]],
  ]);
  return start < 0 ? [Math.max(from, start), Math.min(to, end)] : [Math.max(0, from), Math.min(to, arenaPages)];
}

export interface ByteRange {
  at: Address;
  length: Int64;
}

export interface RangeOptions {
  /** Lengths beyond all memory that the operation refuses, whatever the range. */
  readonly absurd: readonly Int64[];
  /** Pages at most; absent: as many as there are. */
  readonly most?: number;
  /** How often, in percent, the address lies within a page. */
  readonly shifted?: number;
}

/** A range in bytes, rarely misaligned, rarely of a length that does not end with a page, rarely absurd. */
export function byteRange(scene: Scene, { absurd, most = Infinity, shifted = 4 }: RangeOptions): ByteRange {
  const { choices } = scene;
  const [start, end] = pageRange(scene);
  const shift = odd(scene, shifted) ? choices.pick([1, 8, 4095]) : 0;
  const trim = choices.chance(10) ? choices.pick([1, 4095]) : 0;
  const at = addressOf(scene, start * PAGE + shift);
  if (odd(scene, 7)) return { at, length: choices.pick(absurd) };
  const pages = Math.min(end - start, most);
  // A range that begins within a page ends within one, so that it never leaves the arena by that.
  return { at, length: Math.max(0, pages * PAGE - trim - shift) };
}

const IN_PAGE = new Weighted([
  [12, 0],
  [4, 1],
  [3, 2],
  [2, 4],
  [2, 100],
  [3, PAGE - 2],
  [1, PAGE - 1],
]);

/** A byte to access: mostly in an area, near its pages' edges, sometimes beyond it, sometimes where nothing is. */
export function target(scene: Scene, vmas: readonly Vma[] = scene.process.vmas): Address {
  const { choices } = scene;
  const { arenaPages } = scene.kernel.facts;
  if (vmas.length === 0 || choices.chance(5)) {
    return addressOf(scene, choices.between(0, arenaPages - 2) * PAGE);
  }
  const missing = choices.chance(45) ? beyondBuffer(scene, vmas) : undefined;
  if (missing !== undefined) return addressOf(scene, missing * PAGE - choices.pick([0, 0, 2, 9]));
  const present = choices.chance(30) ? presentByte(scene, vmas) : undefined;
  if (present !== undefined) return addressOf(scene, present);
  const vma = choices.pick(vmas);
  const beyond = choices.chance(6) ? 1 : 0;
  const last = Math.min(vma.end - vma.start - 1, 8) + beyond;
  const page = Math.min(vma.start + choices.between(0, last), vma.start < 0 ? vma.end - 1 : arenaPages - 1);
  return addressOf(scene, page * PAGE + choices.from(IN_PAGE));
}

/** The first page of an area behind the end of the buffer, for which the driver has none. */
export function beyondBuffer(scene: Scene, vmas: readonly Vma[]): number | undefined {
  const { contract, kernel } = scene;
  if (!placementOf(contract).comesBack) return goneFrom(scene, vmas);
  if (contract.fault === 'first') return undefined;
  const { pages } = contract.buffer;
  const vma = vmas.find(({ start, end, pgoff }) => start >= 0 && pgoff < pages && pgoff + (end - start) > pages);
  const page = vma && vma.start + pages - vma.pgoff;
  return page !== undefined && page < kernel.facts.arenaPages - 4 ? page : undefined;
}

/** The first page of an area that the driver has put there and that is there no more. */
function goneFrom({ state, kernel }: Scene, vmas: readonly Vma[]): number | undefined {
  const owner = state.processes.find((process) => process.vmas === vmas);
  for (const { start, end } of vmas) {
    const last = Math.min(end, kernel.facts.arenaPages - 4);
    for (let page = Math.max(start, 0); page < last; page++) if (owner?.pages.has(page) === false) return page;
  }
  return undefined;
}

/** The first byte of a page that is there already; a private copy rather than one of the device's. */
function presentByte({ choices, state }: Scene, vmas: readonly Vma[]): number | undefined {
  const owner = state.processes.find((process) => process.vmas === vmas);
  const pages = [...(owner?.pages ?? [])];
  const copies = pages.filter(([, { anonymous }]) => anonymous);
  const few = copies.length > 0 && choices.chance(60) ? copies : pages;
  return few.length > 0 ? choices.pick(few)[0] * PAGE : undefined;
}

/** The last bytes of an area: an access of more than a few of them runs over its end, into whatever is behind. */
export function straddling(scene: Scene, vmas: readonly Vma[] = scene.process.vmas): Address | undefined {
  const { arenaPages } = scene.kernel.facts;
  const ending = vmas.filter(({ end }) => end > 0 && end < arenaPages);
  if (ending.length === 0) return undefined;
  return addressOf(scene, scene.choices.pick(ending).end * PAGE - scene.choices.pick([1, 2, 3]));
}

/** A page of the arena as an address, rarely misaligned. */
export function arenaAddress(scene: Scene, page: number, misaligned = 3): Address {
  const offset = odd(scene, misaligned) ? scene.choices.pick([1, 8, 4095]) : 0;
  return { arena: page * PAGE + offset };
}

/** A page at which the length fits into the arena: mappings that meet each other are the interesting ones, so few places. */
export function placeFor(scene: Scene, length: Int64): number {
  const pages = typeof length === 'number' && length < 2 ** 40 ? Math.ceil(Math.max(length, 1) / PAGE) : 1;
  const last = Math.max(0, Math.min(scene.kernel.facts.arenaPages - pages, 12));
  return scene.choices.between(0, last);
}
