import { writeRules } from '../../../spec/contract.ts';
import type { Int64 } from '../../../spec/integer.ts';
import type { Op, Pointer } from '../../../spec/program.ts';
import { FILE_ADVICES, TRANSFER_FLAGS, WHENCES } from '../../../spec/operations/transfers.ts';
import { WILD_POINTERS } from '../../../spec/values.ts';
import {
  addressOf,
  data,
  dataOf,
  descriptor,
  fileOffset,
  odd,
  PAGE,
  segmentLengths,
  someOf,
  sometimes,
  text,
  transferLength,
} from './common.ts';
import { beyondBuffer, straddling, target } from './ranges.ts';
import type { Generators, Scene } from './scene.ts';

type Names =
  | 'read'
  | 'pread'
  | 'readv'
  | 'preadv2'
  | 'write'
  | 'pwrite'
  | 'writev'
  | 'pwritev2'
  | 'read_into'
  | 'write_from'
  | 'lseek'
  | 'ftruncate'
  | 'fallocate'
  | 'fadvise'
  | 'splice'
  | 'sendfile'
  | 'copy_file_range';

/** Who does it, with which descriptor; in so many percent one that allows little. */
function by(scene: Scene, unusual = 0): { actor: string; fd: string } {
  return { actor: scene.process.name, fd: descriptor(scene, unusual) };
}

function write(scene: Scene): Op<'write'> {
  const { size } = writeRules(scene.contract);
  // Only a buffer that is full shows what happens at its end.
  const filling = scene.choices.chance(8) ? { text: text(scene).slice(0, 1), length: size } : data(scene);
  return { op: 'write', ...by(scene), data: filling };
}

function segments(scene: Scene): Op<'writev'>['segments'] {
  return segmentLengths(scene).map((length) => dataOf(scene, length));
}

/** Where a vector's transfer begins: at the position more often than elsewhere, which devices may refuse. */
function vectorOffset(scene: Scene): Int64 {
  return scene.choices.chance(40) ? -1 : fileOffset(scene);
}

function transferFlags(scene: Scene) {
  return sometimes(scene, scene.reckless ? 70 : 40, 'flags', () => someOf(scene, TRANSFER_FLAGS));
}

/** Memory as a buffer: an area's, what lies behind its end, nothing at all, or no pointer of a program. */
function memory(scene: Scene): { at: Pointer; length: number } & { offset?: Int64 } {
  const { choices } = scene;
  const offset = sometimes(scene, 22, 'offset', () => fileOffset(scene));
  if (odd(scene, 12)) return { at: { wild: choices.pick(WILD_POINTERS) }, length: transferLength(scene), ...offset };
  const missing = choices.chance(55) ? beyondBuffer(scene, scene.process.vmas) : undefined;
  if (missing !== undefined) {
    return {
      at: addressOf(scene, missing * PAGE - choices.pick([0, 0, 4])),
      length: choices.pick([4, 8, 100]),
      ...offset,
    };
  }
  const edge = choices.chance(18) ? straddling(scene) : undefined;
  if (edge !== undefined) return { at: edge, length: choices.pick([2, 4, 5, 100]), ...offset };
  const length = choices.chance(18) ? choices.pick([0, 0, 8, 100, 2 * PAGE, PAGE + 2]) : transferLength(scene);
  return { at: target(scene), length, ...offset };
}

/** A position, often so far behind the end that nothing can be moved there. */
function seekOffset(scene: Scene): Int64 {
  if (!scene.choices.chance(35)) return fileOffset(scene);
  return scene.choices.pick<Int64>(['9223372036854775807', '9223372036854775805', 2_147_483_647, 2_147_483_646]);
}

function splice(scene: Scene): { direction: 'from' | 'to'; length: number } {
  return { direction: scene.choices.pick(['from', 'to'] as const), length: odd(scene, 12) ? 0 : transferLength(scene) };
}

function fallocate(scene: Scene): Op<'fallocate'> {
  const mode = scene.choices.pick(['allocate', 'keep-size', 'punch-hole', 'zero-range', 'unknown'] as const);
  const length: Int64 = odd(scene, 25)
    ? scene.choices.pick<Int64>([0, -1])
    : scene.choices.pick<Int64>([1, PAGE, PAGE, 2 ** 31, '9223372036854775807']);
  return { op: 'fallocate', ...by(scene, 45), mode, offset: fileOffset(scene), length };
}

/** Moving bytes and positions. */
export const transfers: Generators<Names> = {
  read: {
    in: { descriptors: 3, transfers: 6, vectors: 2, passing: 3, copies: 2, foreign: 1 },
    make: (scene) => ({ op: 'read', ...by(scene), length: transferLength(scene) }),
  },
  pread: {
    in: { transfers: 7 },
    make: (scene) => ({ op: 'pread', ...by(scene), length: transferLength(scene), offset: fileOffset(scene) }),
  },
  readv: {
    in: { vectors: 5 },
    make: (scene) => ({ op: 'readv', ...by(scene), lengths: segmentLengths(scene) }),
  },
  preadv2: {
    in: { vectors: 8 },
    make: (scene) => ({
      op: 'preadv2',
      ...by(scene),
      lengths: segmentLengths(scene),
      offset: vectorOffset(scene),
      ...transferFlags(scene),
    }),
  },
  write: {
    in: { descriptors: 3, transfers: 5, vectors: 3, passing: 3, copies: 2, processes: 2 },
    make: write,
  },
  pwrite: {
    in: { transfers: 7 },
    make: (scene) => ({ op: 'pwrite', ...by(scene), data: data(scene), offset: fileOffset(scene) }),
  },
  writev: {
    in: { vectors: 6 },
    make: (scene) => ({ op: 'writev', ...by(scene), segments: segments(scene) }),
  },
  pwritev2: {
    in: { vectors: 8 },
    make: (scene) => ({
      op: 'pwritev2',
      ...by(scene),
      segments: segments(scene),
      offset: vectorOffset(scene),
      ...transferFlags(scene),
    }),
  },
  read_into: { in: { copies: 11 }, make: (scene) => ({ op: 'read_into', ...by(scene), ...memory(scene) }) },
  write_from: {
    in: { copies: 11 },
    make: (scene) => ({ op: 'write_from', ...by(scene), ...memory(scene) }),
  },
  lseek: {
    in: { transfers: 6, vectors: 2, refusals: 4 },
    make: (scene) => {
      const whence = scene.choices.pick(['set', 'set', 'set', ...WHENCES] as const);
      return { op: 'lseek', ...by(scene), offset: seekOffset(scene), whence };
    },
  },
  ftruncate: {
    in: { refusals: 6 },
    make: (scene) => {
      const length = scene.choices.pick<Int64>([0, 4, PAGE, 2_147_483_648, -1, '9223372036854775807']);
      return { op: 'ftruncate', ...by(scene, 40), length };
    },
  },
  fallocate: { in: { refusals: 8 }, make: fallocate },
  fadvise: {
    in: { refusals: 6, transfers: 1 },
    make: (scene) => {
      const advice = scene.choices.pick([...FILE_ADVICES, 'unknown'] as const);
      const length = scene.choices.pick<Int64>([0, PAGE, PAGE, -1, '9223372036854775807', '9223372036854775808']);
      return { op: 'fadvise', ...by(scene, 20), advice, offset: fileOffset(scene), length };
    },
  },
  splice: { in: { refusals: 7 }, make: (scene) => ({ op: 'splice', ...by(scene, 40), ...splice(scene) }) },
  sendfile: {
    in: { refusals: 10, transfers: 1 },
    make: (scene) => ({ op: 'sendfile', ...by(scene, 60), ...splice(scene) }),
  },
  copy_file_range: {
    in: { refusals: 7, transfers: 1 },
    make: (scene) => {
      return { op: 'copy_file_range', ...by(scene, 20), onto: descriptor(scene, 20), length: transferLength(scene) };
    },
  },
};
