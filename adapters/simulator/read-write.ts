import type { Errno, Result } from './errno.ts';
import type { OpenFile, Position } from './file.ts';
import { overflowsPosition } from './integers.ts';
import type { Process } from './process.ts';
import type { UserMemory } from './user-memory.ts';

/** One buffer of a transfer: where it lies, or null for a pointer that `access_ok` refuses. */
export interface Segment {
  readonly length: number;
  readonly memory: UserMemory | null;
}

export type Direction = 'read' | 'write';

/** A position as a system call names it: none for the description's own, null for one that is negative. */
export type Offset = Position | null | undefined;

/** `ksys_read`, `ksys_write`, `ksys_pread64`, `ksys_pwrite64`. */
export function transfer(
  process: Process,
  descriptor: number,
  direction: Direction,
  segment: Segment,
  offset: Offset,
): Result {
  const file = fileAt(process, descriptor, offset);
  if (typeof file === 'string') return file;
  if (!isOpenFor(file, direction)) return 'EBADF';
  if (!process.kernel.driver.can(direction)) return 'EINVAL';
  if (segment.memory === null) return 'EFAULT';
  const position = offset ?? file.position;
  if (overflowsPosition(position, segment.length)) return 'EINVAL';
  return callDriver(process, file, direction, segment.length, position, segment.memory);
}

/** Flags of preadv2 and pwritev2: `others` stands for all but RWF_HIPRI. */
export type VectorFlags = 'none' | 'hipri' | 'others';

/** `do_readv`, `do_writev`, `do_preadv`, `do_pwritev`. */
export function transferVector(
  process: Process,
  descriptor: number,
  direction: Direction,
  segments: readonly (Segment & { readonly memory: UserMemory })[],
  offset: Offset,
  flags: VectorFlags = 'none',
): Result {
  const file = fileAt(process, descriptor, offset);
  if (typeof file === 'string') return file;
  if (!isOpenFor(file, direction)) return 'EBADF';
  if (!process.kernel.driver.can(direction)) return 'EINVAL';
  const total = segments.reduce((sum, { length }) => sum + length, 0);
  // Nothing to move never reaches the driver, nor the check of the flags.
  if (total === 0) return 0;
  const position = offset ?? file.position;
  if (overflowsPosition(position, total)) return 'EINVAL';
  if (flags === 'others') return 'EOPNOTSUPP';
  return loop(process, file, direction, segments, position, total);
}

/** `do_loop_readv_writev`: one call of the driver for each segment, up to a short one. */
function loop(
  process: Process,
  file: OpenFile,
  direction: Direction,
  segments: readonly (Segment & { readonly memory: UserMemory })[],
  position: Position,
  total: number,
): Result {
  let done = 0;
  for (const [index, { length, memory }] of segments.entries()) {
    if (done === total) break;
    // `iov_iter_advance` skips empty segments, but the first of all is where the iterator begins.
    if (length === 0 && index > 0 && !process.kernel.version.callsDriverForEmptySegments) continue;
    const moved = callDriver(process, file, direction, length, position, memory);
    if (typeof moved === 'string') return done > 0 ? done : moved;
    done += moved;
    if (moved !== length) break;
  }
  return done;
}

/** The pread family looks at the position first, then at the descriptor, then whether positions are possible at all. */
function fileAt(process: Process, descriptor: number, offset: Offset): OpenFile | Errno {
  if (offset === null) return 'EINVAL';
  const file = process.files.get(descriptor);
  if (file === null) return 'EBADF';
  return offset === undefined || process.kernel.driver.isPositioned ? file : 'ESPIPE';
}

function isOpenFor(file: OpenFile, direction: Direction): boolean {
  return direction === 'read' ? file.readable : file.writable;
}

function callDriver(
  { kernel }: Process,
  file: OpenFile,
  direction: Direction,
  length: number,
  position: Position,
  memory: UserMemory,
): Result {
  return direction === 'read'
    ? kernel.driver.read(file, length, position, memory)
    : kernel.driver.write(file, length, position, memory);
}
