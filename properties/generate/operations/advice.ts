import { type Advice, ADVICES } from '../../../spec/operations/advice.ts';
import type { Op } from '../../../spec/program.ts';
import { VM_ACCESS_FLAGS, VM_LOCKED, VM_MAYWRITE, VM_SHARED } from '../../../model/vm-flags.ts';
import { Weighted } from '../choices.ts';
import { addressOf, favourite, MODEST_PAGES, odd, PAGE } from './common.ts';
import { beyondBuffer, byteRange } from './ranges.ts';
import type { Generators, Scene } from './scene.ts';

type Names = 'madvise' | 'msync' | 'mlock' | 'munlock' | 'mlockall' | 'munlockall' | 'mincore' | 'clear_refs';

/** The only lengths beyond all memory that can do no harm: they wrap around to nothing. */
const WRAPPING = [0, 0, '18446744073709551615', '18446744073709547521'] as const;

/** Advices that make or mark a page table entry for each page, or may look for one. */
const THOROUGH: ReadonlySet<Advice> = new Set<Advice>([
  'populate_read',
  'populate_write',
  'willneed',
  'collapse',
  'unmergeable',
  'guard_install',
  'guard_remove',
]);

/** Advices that leave something behind that other operations meet. */
const LASTING = [
  'dontneed',
  'dontfork',
  'dontfork',
  'dofork',
  'populate_read',
  'populate_write',
  'guard_install',
  'guard_remove',
  'dodump',
] as const;

/** Advices that divide an area when they are given for a part of it. */
const DIVIDING = ['dontfork', 'random', 'sequential', 'dontdump', 'nohugepage'] as const;

/** Advices that areas of a driver, or locked ones, refuse. */
const REFUSED = ['remove', 'remove', 'remove', 'free', 'wipeonfork', 'collapse', 'dontneed_locked'] as const;
const NOT_LOCKED = [
  ...REFUSED,
  'dontneed',
  'cold',
  'pageout',
  'guard_install',
  'guard_install',
  'guard_remove',
] as const;
const CHOICE = [...ADVICES, ...REFUSED];

/** The first page offset that no file of proc can have, of which MADV_REMOVE says so. */
const FAR_PGOFF = 2 ** 31 / PAGE;
const WRITABLE = VM_SHARED | VM_MAYWRITE;

/** Each program has its own few advices, so that what they do meets; those that change something more often. */
function madvise(scene: Scene): Op<'madvise'> {
  const locked = scene.process.vmas.some(({ flags }) => (flags & VM_LOCKED) !== 0);
  const advice = scene.choices.chance(locked ? 90 : 60)
    ? favourite(scene, 'advice', locked ? NOT_LOCKED : CHOICE, 4)
    : favourite(scene, 'lasting advice', scene.setting.areas === undefined ? LASTING : DIVIDING, 2);
  const missing = scene.choices.chance(30) ? beyondBuffer(scene, scene.process.vmas) : undefined;
  if (missing !== undefined) {
    const populate = scene.choices.pick(['populate_read', 'populate_write'] as const);
    const at = addressOf(scene, missing * PAGE);
    return { op: 'madvise', actor: scene.process.name, at, length: PAGE, advice: populate };
  }
  const far = scene.process.vmas.find(({ pgoff, flags }) => pgoff >= FAR_PGOFF && (flags & WRITABLE) === WRITABLE);
  if (far !== undefined && scene.choices.chance(60)) {
    const at = addressOf(scene, far.start * PAGE);
    return { op: 'madvise', actor: scene.process.name, at, length: PAGE, advice: 'remove' };
  }
  const range = byteRange(scene, { absurd: WRAPPING, ...(THOROUGH.has(advice) && { most: MODEST_PAGES }) });
  return { op: 'madvise', actor: scene.process.name, ...range, advice };
}

function syncFlags(locked: boolean): Weighted<Op<'msync'>['flags']> {
  return new Weighted<Op<'msync'>['flags']>([
    [locked ? 12 : 0, ['invalidate']],
    [2, undefined],
    [2, []],
    [4, ['async']],
    [6, ['sync']],
    [5, ['invalidate']],
    [2, ['async', 'invalidate']],
    [2, ['sync', 'invalidate']],
    [2, ['async', 'sync']],
    [1, ['unknown']],
    [1, ['async', 'sync', 'unknown']],
  ]);
}

const SYNC_FLAGS = syncFlags(false);
/** Where something is locked, which `invalidate` refuses. */
const SYNC_FLAGS_LOCKED = syncFlags(true);

function msync(scene: Scene): Op<'msync'> {
  const locked = scene.process.vmas.some((vma) => (vma.flags & VM_LOCKED) !== 0);
  const flags = scene.choices.from(locked ? SYNC_FLAGS_LOCKED : SYNC_FLAGS);
  return { op: 'msync', actor: scene.process.name, ...byteRange(scene, { absurd: WRAPPING }), ...(flags && { flags }) };
}

const LOCK_FLAGS = new Weighted<Op<'mlock'>['flags']>([
  [50, undefined],
  [8, []],
  [35, ['onfault']],
  [6, ['unknown']],
  [4, ['onfault', 'unknown']],
]);

function mlock(scene: Scene): Op<'mlock'> {
  const { choices } = scene;
  const flags = choices.from(LOCK_FLAGS);
  const closed = choices.chance(40) ? scene.process.vmas.find((vma) => (vma.flags & VM_ACCESS_FLAGS) === 0) : undefined;
  const range =
    closed !== undefined && closed.end - closed.start <= MODEST_PAGES
      ? { at: addressOf(scene, closed.start * PAGE), length: (closed.end - closed.start) * PAGE }
      : byteRange(scene, { absurd: WRAPPING, most: MODEST_PAGES, shifted: 12 });
  return {
    op: 'mlock',
    actor: scene.process.name,
    ...range,
    ...(flags && { flags }),
  };
}

/** `current` alone is only performed where a limit makes it fail, so mostly it comes with `onfault`. */
function lockAllFlags(limited: boolean): Weighted<Op<'mlockall'>['flags']> {
  return new Weighted<Op<'mlockall'>['flags']>([
    [30, ['future']],
    [20, ['future', 'onfault']],
    [20, ['current', 'onfault']],
    [15, ['current', 'future', 'onfault']],
    [limited ? 30 : 1, ['current']],
    [limited ? 15 : 1, ['current', 'future']],
    [4, []],
    [4, ['onfault']],
    [4, ['future', 'unknown']],
    [2, ['current', 'unknown']],
  ]);
}

const LOCK_ALL_FLAGS = lockAllFlags(false);
const LOCK_ALL_FLAGS_LIMITED = lockAllFlags(true);

function mlockall(scene: Scene): Op<'mlockall'> {
  const limited = scene.setting.locked !== undefined;
  const flags = scene.choices.from(limited ? LOCK_ALL_FLAGS_LIMITED : LOCK_ALL_FLAGS);
  return { op: 'mlockall', actor: scene.process.name, flags };
}

function mincore(scene: Scene): Op<'mincore'> {
  const { at, length } = byteRange(scene, { absurd: [0], most: MODEST_PAGES, shifted: 8 });
  return { op: 'mincore', actor: scene.process.name, at, length: Math.min(Number(length), MODEST_PAGES * PAGE) };
}

/** Says how memory will be used, pins it, or asks about it. */
export const advice: Generators<Names> = {
  madvise: { in: { advice: 30, locks: 6, dirty: 2, moving: 3, areas: 2 }, make: madvise },
  msync: { in: { areas: 3, advice: 5, locks: 5 }, make: msync },
  mlock: { in: { locks: 16 }, make: (scene) => (scene.huge ? undefined : mlock(scene)) },
  munlock: {
    in: { locks: 5 },
    make: (scene) => {
      return { op: 'munlock', actor: scene.process.name, ...byteRange(scene, { absurd: WRAPPING, shifted: 8 }) };
    },
  },
  mlockall: { in: { locks: 6 }, make: (scene) => (scene.huge ? undefined : mlockall(scene)) },
  munlockall: {
    in: { locks: 2 },
    make: (scene) => {
      // Without anything locked it does nothing.
      if (scene.process.futureFlags === 0 && !odd(scene, 30)) return undefined;
      return { op: 'munlockall', actor: scene.process.name };
    },
  },
  mincore: { in: { advice: 3, locks: 3, copies: 2, areas: 2 }, make: mincore },
  clear_refs: {
    in: { dirty: 9 },
    make: (scene) => (scene.huge ? undefined : { op: 'clear_refs', actor: scene.process.name }),
  },
};
