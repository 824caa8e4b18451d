import type { Int64 } from '../../../spec/integer.ts';
import { MAP_FLAGS } from '../../../spec/operations/mappings.ts';
import type { Op } from '../../../spec/program.ts';
import type { Vma } from '../../../model/state.ts';
import { VM_ACCOUNT, permissions, VM_LOCKED, VM_SHARED, VM_WRITE } from '../../../model/vm-flags.ts';
import { Weighted } from '../choices.ts';
import { ABSURD_LENGTHS, addressOf, descriptor, MODEST_PAGES, newMapping, odd, PAGE, protection } from './common.ts';
import { mremap } from './moving.ts';
import { arenaAddress, byteRange, placeFor } from './ranges.ts';
import type { Generators, Scene } from './scene.ts';

type Names = 'mmap' | 'munmap' | 'mprotect' | 'mremap';

/** An area without any of these is private and cannot be written. */
const UNSHARED = VM_WRITE | VM_SHARED;

type MapFlags = Op<'mmap'>['flags'];

const MAP_PAGES = new Weighted([
  [10, 1],
  [8, 2],
  [6, 3],
  [5, 4],
  [2, 5],
  [1, 8],
]);
const ODD_MAP_LENGTHS: readonly Int64[] = [0, 0, 0, 33 * PAGE, 33 * PAGE, ...ABSURD_LENGTHS];

/** Bytes: whole pages most of the time. */
function mapLength(scene: Scene): Int64 {
  const { choices } = scene;
  const pages = choices.from(MAP_PAGES);
  if (scene.huge && choices.chance(10)) return choices.pick([2 ** 20, 2 ** 30, 2 ** 30, 2 ** 40, 2 ** 46]);
  if (!odd(scene, 15)) return pages * PAGE;
  if (choices.chance(50)) return pages * PAGE + choices.pick([-1, 1, -4095]);
  return choices.pick(ODD_MAP_LENGTHS);
}

const ODD_MAP_OFFSETS: readonly Int64[] = [
  1,
  PAGE - 1,
  PAGE + 1,
  2 ** 40,
  2 ** 40,
  -PAGE,
  -2 * PAGE,
  -1,
  '9223372036854767616',
  '9223372036854771712',
  '9223372036854775808',
];

/** Bytes. */
function mapOffset(scene: Scene): Int64 {
  const { choices } = scene;
  if (!odd(scene, 25)) return choices.pick([0, 0, 0, 1, 2, 3]) * PAGE;
  if (choices.chance(55)) return choices.pick([4, 5, 8]) * PAGE;
  return choices.pick(ODD_MAP_OFFSETS);
}

/** Flags to map with; `some` stands for any of them. */
function usualMapFlags(limited: boolean): Weighted<NonNullable<MapFlags> | 'some'> {
  return new Weighted<NonNullable<MapFlags> | 'some'>([
    [7, ['noreserve']],
    [4, ['unknown']],
    [5, ['populate']],
    [2, ['populate', 'nonblock']],
    [limited ? 12 : 4, ['locked']],
    [1, ['growsdown']],
    [1, ['hugetlb']],
    [2, ['sync']],
    [1, ['nonblock']],
    [3, 'some'],
  ]);
}

const MAP_FLAGS_OFTEN = usualMapFlags(false);
const MAP_FLAGS_LIMITED = usualMapFlags(true);

function mapFlags(scene: Scene, length: Int64): MapFlags {
  const { choices, setting } = scene;
  const limited = setting.locked !== undefined;
  if (!odd(scene, limited ? 40 : 24)) return undefined;
  const some = MAP_FLAGS.filter(() => choices.chance(25));
  const drawn = choices.from(limited ? MAP_FLAGS_LIMITED : MAP_FLAGS_OFTEN);
  const flags = drawn === 'some' ? some : drawn;
  // What would bring in a huge mapping page by page, and what a huge program never does.
  const modest = typeof length === 'number' && length <= MODEST_PAGES * PAGE && !scene.huge;
  return flags.filter((flag) => modest || (flag !== 'populate' && flag !== 'locked'));
}

/** Maps the device somewhere, with the flags that the target offers. */
export function mmap(scene: Scene): Op<'mmap'> {
  const { flags, ...op } = somewhere(scene);
  return flags === undefined ? op : { ...op, flags: flags.filter((flag) => scene.mapFlags.has(flag)) };
}

const MAP_TYPES = new Weighted([
  [52, 'shared'],
  [38, 'private'],
  [6, 'validate'],
] as const);

function waysToPlace(nowhere: number): Weighted<'fixed' | 'hint' | 'noreplace' | undefined> {
  return new Weighted([
    [nowhere, undefined],
    [28, 'fixed'],
    [12, 'hint'],
    [10, 'noreplace'],
  ]);
}

const WAYS_TO_PLACE = waysToPlace(50);
const WAYS_TO_VALIDATE = waysToPlace(10);

/** Often beside or over what is mapped already. */
function somewhere(scene: Scene): Op<'mmap'> {
  const { choices, process } = scene;
  if (process.vmas.length > 0 && choices.chance(scene.setting.addressSpace === undefined ? 5 : 40)) return over(scene);
  if (process.vmas.length > 0 && !scene.reckless && choices.chance(25)) {
    const beside = besides(scene, choices.pick(process.vmas));
    if (beside !== undefined) return beside;
  }
  if (!scene.reckless && choices.chance(55)) return plain(scene);
  const isHuge = scene.huge && choices.chance(16);
  if (isHuge) return hugePrivate(scene);
  const type = odd(scene, 5)
    ? choices.pick(['none', 'both-bits-and-more', 'validate'] as const)
    : choices.from(MAP_TYPES);
  const how = choices.from(type === 'validate' ? WAYS_TO_VALIDATE : WAYS_TO_PLACE);
  const length = mapLength(scene);
  const flags = type === 'validate' && choices.chance(40) ? unknownToValidate(scene) : mapFlags(scene, length);
  const place = how === undefined ? undefined : { how, at: arenaAddress(scene, placeFor(scene, length)) };
  return {
    op: 'mmap',
    actor: process.name,
    fd: descriptor(scene),
    to: newMapping(scene),
    length,
    offset: mapOffset(scene),
    prot: protection(scene),
    type,
    ...(flags && { flags }),
    ...(place && { place }),
  };
}

/** A mapping that the device and the descriptor allow, so that there is something to work with. */
function plain(scene: Scene): Op<'mmap'> {
  const { choices, process, contract } = scene;
  const fd = mappable(scene);
  const wanted = choices.pick(['shared', scene.huge ? 'private' : 'shared', 'private'] as const);
  const type = contract.mmap.private === 'refused' && !odd(scene, 8) ? 'shared' : wanted;
  const writable = fd.writable || type === 'private';
  const { pages: buffer } = contract.buffer;
  const whole = contract.mmap.range === 'whole';
  const bounded = contract.mmap.range === 'buffer' || whole;
  const first = whole || choices.chance(60) ? 0 : choices.between(0, bounded ? buffer - 1 : 3);
  // There has to be something to divide where a limit forbids to.
  const { areas, addressSpace } = scene.setting;
  const least = areas === undefined ? (addressSpace === undefined ? 1 : 2) : 3;
  const most = bounded ? buffer - first : 4;
  const pages = whole ? buffer : choices.between(Math.min(least, most), most);
  return {
    op: 'mmap',
    actor: process.name,
    fd: fd.name,
    to: newMapping(scene),
    length: pages * PAGE,
    offset: first * PAGE,
    prot: choices.weighted([
      [writable ? 14 : 0, 'rw-'],
      [scene.huge && type === 'private' ? 18 : 7, 'r--'],
      [2, '---'],
    ]),
    type,
    ...(scene.setting.locked !== undefined && !scene.huge && choices.chance(40) && { flags: ['locked' as const] }),
    ...(choices.chance(70) && {
      place: {
        how: choices.pick(['fixed', 'hint', 'noreplace'] as const),
        at: { arena: choices.between(0, 12) * PAGE },
      },
    }),
  };
}

/** A descriptor that can be mapped, if there is one. */
function mappable(scene: Scene): { name: string; writable: boolean } {
  const { choices, process, state } = scene;
  const usable: { name: string; writable: boolean }[] = [];
  for (const [name, number] of state.descriptors) {
    const description = state.descriptions.get(process.descriptors[number] ?? 0);
    if (description?.readable === true) usable.push({ name, writable: description.writable });
  }
  return usable.length > 0 ? choices.pick(usable) : { name: descriptor(scene), writable: true };
}

/** Flags that only MAP_SHARED_VALIDATE refuses. */
function unknownToValidate(scene: Scene): MapFlags {
  return scene.choices.pick([['unknown'], ['sync'], ['unknown', 'noreserve']] as const).slice();
}

/** A fixed mapping that begins or ends within an area, which it therefore divides. */
function over(scene: Scene): Op<'mmap'> {
  const { choices, process, kernel } = scene;
  const { start, end } = choices.pick(process.vmas);
  const inside = choices.between(Math.max(start, 0), Math.max(start, end - 1, 0));
  const page = Math.min(inside, kernel.facts.arenaPages - 1);
  const pages = Math.min(choices.between(1, 10), kernel.facts.arenaPages - page);
  const place = { how: 'fixed', at: { arena: page * PAGE } } as const;
  return { ...plain(scene), length: pages * PAGE, place };
}

/** More than all memory, private: writable (which is refused), or not yet, so that a later mprotect may not make it writable. */
function hugePrivate(scene: Scene): Op<'mmap'> {
  return {
    op: 'mmap',
    actor: scene.process.name,
    fd: descriptor(scene),
    to: newMapping(scene),
    length: 2 ** 40,
    offset: 0,
    prot: scene.choices.pick(['r--', '---', 'rw-']),
    type: 'private',
  };
}

/** A mapping that continues an existing one before or behind it: what the kernel may merge. */
function besides(scene: Scene, vma: Vma): Op<'mmap'> | undefined {
  const { choices, process, state } = scene;
  const fd = [...state.descriptors].find(([, number]) => process.descriptors[number] === vma.description)?.[0];
  if (fd === undefined) return undefined;
  const pages = choices.between(1, 2);
  const behind = choices.chance(60);
  const start = behind ? vma.end : vma.start - pages;
  const pgoff = behind ? vma.pgoff + vma.end - vma.start : vma.pgoff - pages;
  if (start < 0 || start + pages > scene.kernel.facts.arenaPages || pgoff < 0 || pgoff > 2 ** 30) return undefined;
  return {
    op: 'mmap',
    actor: process.name,
    fd,
    to: newMapping(scene),
    length: pages * PAGE,
    offset: pgoff * PAGE,
    prot: choices.chance(80) ? permissions(vma.flags).slice(0, 3) : protection(scene),
    type: (vma.flags & VM_SHARED) !== 0 ? 'shared' : 'private',
    place: { how: choices.pick(['fixed', 'noreplace', 'hint'] as const), at: { arena: start * PAGE } },
  };
}

/** What is as long wraps around to nothing, or is refused. */
const ABSURD_PROTECTED: readonly Int64[] = [0, 0, '18446744073709551615', '18446744073709547521'];
const ABSURD_UNMAPPED: readonly Int64[] = [0, 0, ...ABSURD_LENGTHS];

function mprotect(scene: Scene): Op<'mprotect'> {
  const big = scene.process.vmas.find((vma) => vma.end - vma.start > scene.kernel.facts.memoryPages);
  if (big !== undefined && scene.choices.chance(75)) {
    const at = addressOf(scene, big.start * PAGE);
    const length = (big.end - big.start) * PAGE;
    // What is not accounted yet is refused when it becomes writable.
    const prot = (big.flags & VM_ACCOUNT) === 0 && scene.choices.chance(80) ? 'rw-' : protection(scene);
    return { op: 'mprotect', actor: scene.process.name, at, length, prot };
  }
  const locked = scene.process.vmas.find((vma) => (vma.flags & VM_LOCKED) !== 0 && (vma.flags & UNSHARED) === 0);
  if (locked !== undefined && scene.choices.chance(25)) {
    const length = (locked.end - locked.start) * PAGE;
    return {
      op: 'mprotect',
      actor: scene.process.name,
      at: addressOf(scene, locked.start * PAGE),
      length,
      prot: 'rw-',
    };
  }
  const range = byteRange(scene, { absurd: ABSURD_PROTECTED });
  return { op: 'mprotect', actor: scene.process.name, ...range, prot: protection(scene) };
}

/** Changing which areas an address space has. */
export const mappings: Generators<Names> = {
  mmap: {
    in: { every: 8, areas: 8, moving: 4, locks: 5, advice: 3, dirty: 3, foreign: 3, copies: 4, module: 3 },
    make: mmap,
  },
  munmap: {
    in: { areas: 9, moving: 4, copies: 3, locks: 5, processes: 4, module: 5, foreign: 2, advice: 2 },
    make: (scene) => {
      return { op: 'munmap', actor: scene.process.name, ...byteRange(scene, { absurd: ABSURD_UNMAPPED }) };
    },
  },
  mprotect: {
    in: { areas: 10, moving: 5, copies: 4, advice: 5, locks: 9, dirty: 5, foreign: 3 },
    make: mprotect,
  },
  mremap: { in: { moving: 20, locks: 8, dirty: 3, advice: 3, copies: 5 }, make: mremap },
};
