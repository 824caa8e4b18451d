import type { Op } from '../../../spec/program.ts';
import { OPEN_FLAGS } from '../../../spec/operations/descriptors.ts';
import { Weighted } from '../choices.ts';
import { closedDescriptor, descriptor, newDescriptor, odd, openDescriptors, someOf, sometimes } from './common.ts';
import type { Generators, Scene } from './scene.ts';

type Names = 'open' | 'close' | 'dup' | 'dup2' | 'send' | 'receive' | 'poll' | 'ioctl' | 'fsync';

const REQUESTS = ['TCGETS', 'FIONREAD', 'FIONBIO', 'FIOASYNC', 'FIOQSIZE', 'FIGETBSZ', 'unknown'] as const;

/** Flags that later calls look at. */
const LASTING = ['append', 'path', 'nonblock'] as const;

/** Ways to open that are refused, at least some devices', and one after the other. */
const REFUSED: readonly Pick<Op<'open'>, 'access' | 'flags' | 'user'>[] = [
  { access: 'ro', flags: ['noatime'], user: 'nobody' },
  { access: 'rw', flags: ['noatime'], user: 'nobody' },
  { access: 'rw', user: 'nobody' },
  { access: 'neither', user: 'nobody' },
  { access: 'rw', flags: ['creat', 'excl'] },
  { access: 'rw', flags: ['creat', 'directory'] },
  { access: 'rw', flags: ['directory'] },
  { access: 'rw', flags: ['direct'] },
  { access: 'ro', flags: ['trunc'], user: 'nobody' },
];

const ACCESSES = new Weighted([
  [30, 'rw'],
  [6, 'ro'],
  [4, 'wo'],
  [1, 'neither'],
] as const);

/** Opens the node, mostly for reading and writing, sometimes in a way that is refused or that allows little. */
export function open(scene: Scene): Op<'open'> {
  const { choices, process } = scene;
  const access = choices.from(ACCESSES);
  const actor = process.name;
  if (odd(scene, 6)) return { op: 'open', actor, to: newDescriptor(scene), ...choices.pick(REFUSED) };
  return {
    op: 'open',
    actor,
    to: newDescriptor(scene),
    access,
    ...sometimes(scene, 36, 'flags', () => someOf(scene, choices.chance(65) ? LASTING : OPEN_FLAGS)),
    ...sometimes(scene, 6, 'user', () => 'nobody' as const),
  };
}

/** The number to take: a descriptor's that is open, its own, one that was closed, or none. */
function onto(scene: Scene, fd: string): string {
  const { choices, state } = scene;
  if (odd(scene, 15)) return fd;
  const free = choices.chance(40) ? closedDescriptor(scene) : undefined;
  if (free !== undefined) return free;
  const open = openDescriptors(scene);
  if (open.length > 0 && !odd(scene, 45)) return choices.pick(open);
  const known = [...state.descriptors.keys()].filter((name) => !open.includes(name));
  return known.length > 0 && choices.chance(65) ? choices.pick(known) : 'd99';
}

function dup2(scene: Scene): Op<'dup2'> {
  const fd = descriptor(scene);
  const call = scene.choices.pick(['dup2', 'dup3'] as const);
  return { op: 'dup2', actor: scene.process.name, fd, onto: onto(scene, fd), to: newDescriptor(scene), call };
}

function receive(scene: Scene): Op<'receive'> | undefined {
  if (scene.state.inFlight.length === 0 && !scene.choices.chance(15)) return undefined;
  return { op: 'receive', actor: scene.process.name, to: newDescriptor(scene) };
}

/** Making, copying, passing on and closing descriptors. */
export const descriptors: Generators<Names> = {
  open: { in: { every: 2, descriptors: 4, passing: 2, refusals: 5, module: 3 }, make: open },
  close: {
    in: { descriptors: 6, passing: 5, module: 8, areas: 2, processes: 2, refusals: 4 },
    make: (scene) => ({ op: 'close', actor: scene.process.name, fd: descriptor(scene) }),
  },
  dup: {
    in: { descriptors: 5, transfers: 2 },
    make: (scene) => ({ op: 'dup', actor: scene.process.name, fd: descriptor(scene), to: newDescriptor(scene) }),
  },
  dup2: { in: { descriptors: 9 }, make: dup2 },
  send: {
    in: { passing: 8 },
    make: (scene) => ({ op: 'send', actor: scene.process.name, fd: descriptor(scene) }),
  },
  receive: { in: { passing: 9 }, make: receive },
  poll: {
    in: { refusals: 7 },
    make: (scene) => {
      const closed = odd(scene, 12) ? closedDescriptor(scene) : undefined;
      return { op: 'poll', actor: scene.process.name, fd: closed ?? descriptor(scene, 40) };
    },
  },
  ioctl: {
    in: { refusals: 8 },
    make: (scene) => {
      return {
        op: 'ioctl',
        actor: scene.process.name,
        fd: descriptor(scene, 20),
        request: scene.choices.pick(REQUESTS),
      };
    },
  },
  fsync: {
    in: { refusals: 4 },
    make: (scene) => {
      const call = scene.choices.pick(['fsync', 'fdatasync'] as const);
      return { op: 'fsync', actor: scene.process.name, fd: descriptor(scene, 20), call };
    },
  },
};
