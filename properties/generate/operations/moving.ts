import type { Int64 } from '../../../spec/integer.ts';
import { REMAP_FLAGS } from '../../../spec/operations/mappings.ts';
import type { Address, Op } from '../../../spec/program.ts';
import type { Vma } from '../../../model/state.ts';
import { VM_ACCOUNT, VM_LOCKED, VM_MAYSHARE } from '../../../model/vm-flags.ts';
import { Weighted } from '../choices.ts';
import { ABSURD_LENGTHS, addressOf, newMapping, odd, PAGE } from './common.ts';
import { arenaAddress, placeFor, preferred } from './ranges.ts';
import type { Scene } from './scene.ts';

/** Lengths in bytes that are too much for the memory or for the zone. */
const GROWN = [2 ** 30, 2 ** 40, 2 ** 30 + PAGE];

type RemapFlags = readonly (typeof REMAP_FLAGS)[number][];

function usualFlags(doubling: number): Weighted<RemapFlags> {
  return new Weighted<RemapFlags>([
    [20, []],
    [35, ['maymove']],
    [28, ['maymove', 'fixed']],
    [doubling, ['maymove', 'dontunmap']],
    [7, ['maymove', 'fixed', 'dontunmap']],
    [2, ['dontunmap']],
    [1, ['fixed']],
  ]);
}

const USUAL_FLAGS = usualFlags(8);
const USUAL_FLAGS_HUGE = usualFlags(20);

/** Lengths that are refused, or grow an area beyond the arena. */
const ODD_NEW_LENGTHS: readonly Int64[] = [0, 0, 33 * PAGE, ...ABSURD_LENGTHS];

/** How an area is moved, grown, shrunk, doubled: mostly as the manual says, else with what it does not allow. */
export function mremap(scene: Scene): Op<'mremap'> {
  const { choices, process } = scene;
  const special = choices.chance(12) ? several(scene) : undefined;
  if (special !== undefined) return special;
  const locked = process.vmas.find(({ flags }) => (flags & VM_LOCKED) !== 0);
  if (locked !== undefined && choices.chance(30)) return grown(scene, locked, choices.between(1, 3) * PAGE);
  if (scene.huge && process.vmas.length > 0 && choices.chance(7)) {
    return grown(scene, choices.pick(process.vmas), noRoom(scene));
  }
  // Private memory is accounted when it is writable; what is not yet may not become writable when it is too much.
  const owned = scene.huge ? process.vmas.filter(({ flags }) => (flags & VM_MAYSHARE) === 0) : [];
  if (owned.length > 0 && choices.chance(45)) {
    const free = owned.filter(({ flags }) => (flags & VM_ACCOUNT) === 0);
    const area = choices.pick(free.length > 0 && choices.chance(60) ? free : owned);
    return grown(scene, area, choices.pick(GROWN));
  }
  const flags: RemapFlags = odd(scene, 8)
    ? REMAP_FLAGS.filter(() => choices.chance(40))
    : choices.from(scene.huge ? USUAL_FLAGS_HUGE : USUAL_FLAGS);
  const { at, oldPages } = source(scene, flags.includes('dontunmap'));
  const oldLength = oldPages * PAGE - (oldPages > 0 && choices.chance(8) ? choices.pick([1, 4095]) : 0);
  // The same length is what `dontunmap` asks for.
  const same = (flags.includes('dontunmap') && !odd(scene, 15)) || (flags.includes('fixed') && choices.chance(25));
  const absurd = flags.includes('fixed') && choices.chance(5);
  const newLength = absurd ? choices.pick(ABSURD_LENGTHS) : same ? oldLength : newLengthFor(scene, oldPages);
  const wantsPlace =
    flags.includes('fixed') || (flags.includes('dontunmap') && choices.chance(50)) || choices.chance(3);
  return {
    op: 'mremap',
    actor: process.name,
    at,
    oldLength: odd(scene, 3) ? choices.pick(ABSURD_LENGTHS) : oldLength,
    newLength,
    ...(flags.length > 0 && { flags: [...flags] }),
    ...(wantsPlace && { place: arenaAddress(scene, placeFor(scene, newLength), 8) }),
    to: newMapping(scene),
  };
}

/** An area made larger by so many bytes, wherever there is room. */
function grown(scene: Scene, { start, end }: Vma, more: number): Op<'mremap'> {
  const at = addressOf(scene, start * PAGE);
  const oldLength = (end - start) * PAGE;
  const newLength = oldLength + more;
  return {
    op: 'mremap',
    actor: scene.process.name,
    at,
    oldLength,
    newLength,
    flags: ['maymove'],
    to: newMapping(scene),
  };
}

/** Two areas or more, and what lies between them, to another place in one call. */
function several(scene: Scene): Op<'mremap'> | undefined {
  const { choices, process, kernel } = scene;
  if (process.vmas.length === 0) return undefined;
  const first = choices.pick(process.vmas);
  const last = process.vmas.findLast((vma) => vma.start > first.start && vma.end - first.start < 16);
  if (last === undefined || first.start < 0) return undefined;
  const pages = last.end - first.start;
  const below = first.start >= pages && choices.chance(50);
  const page = below ? choices.between(0, first.start - pages) : choices.between(0, kernel.facts.arenaPages - pages);
  return {
    op: 'mremap',
    actor: process.name,
    at: addressOf(scene, first.start * PAGE),
    oldLength: pages * PAGE,
    newLength: pages * PAGE,
    flags: ['maymove', 'fixed'],
    place: { arena: page * PAGE },
    to: newMapping(scene),
  };
}

/** What is moved: a whole area or a part of it, nothing of it (which doubles it), or more than one area. */
function source(scene: Scene, stays: boolean): { at: Address; oldPages: number } {
  const { choices, process } = scene;
  // For an area that stays where it is there may be no room a second time.
  const big = process.vmas.find(({ start, end }) => end - start > scene.kernel.facts.zonePages / 2);
  if (stays && big !== undefined) return { at: addressOf(scene, big.start * PAGE), oldPages: big.end - big.start };
  const shift = odd(scene, 3) ? choices.pick([1, 4095]) : 0;
  if (process.vmas.length === 0 || odd(scene, 3)) {
    return { at: { arena: choices.between(0, 12) * PAGE + shift }, oldPages: choices.between(0, 3) };
  }
  const { start, end } = choices.pick(preferred(scene));
  const last = process.vmas.findLast((vma) => vma.end > end && vma.end - start < 16);
  if (last !== undefined && choices.chance(18))
    return { at: addressOf(scene, start * PAGE), oldPages: last.end - start };
  const pages = Math.min(end - start, 8);
  const skipped = choices.chance(75) ? 0 : choices.between(0, pages - 1);
  const at = addressOf(scene, (start + skipped) * PAGE + shift);
  const oldPages = choices.weighted([
    [12, end - start - skipped],
    [5, choices.between(1, pages - skipped)],
    [4, 0],
    [3, end - start - skipped + choices.between(1, 2)],
  ]);
  return { at, oldPages };
}

function newLengthFor(scene: Scene, oldPages: number): Int64 {
  const { choices } = scene;
  if (odd(scene, 11)) return choices.pick(ODD_NEW_LENGTHS);
  if (scene.huge && choices.chance(15)) return choices.pick([...GROWN, noRoom(scene), noRoom(scene)]);
  const few = Math.min(oldPages, 8);
  const pages = choices.weighted([
    [6, Math.max(1, oldPages)],
    [8, few + choices.between(1, 3)],
    [5, choices.between(1, Math.max(1, few - 1))],
    [2, choices.between(1, 4)],
  ]);
  return pages * PAGE - (choices.chance(6) ? choices.pick([1, 4095]) : 0);
}

/** Bytes: more than there is room for, though less than what no address space has. */
function noRoom({ kernel }: Scene): number {
  return Math.min((kernel.facts.zonePages + 1) * PAGE, 2 ** 47 - PAGE);
}
