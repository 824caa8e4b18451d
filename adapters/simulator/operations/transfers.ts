import { expandData } from '../../../spec/bytes.ts';
import { toSigned } from '../../../spec/integer.ts';
import type { Outcome } from '../../../spec/observation.ts';
import type { Op } from '../../../spec/program.ts';
import type { Pointer } from '../../../spec/values.ts';
import type { Result } from '../errno.ts';
import type { Execution } from '../execution.ts';
import { fallocate, ftruncate } from '../fallocate.ts';
import type { OpenFile } from '../file.ts';
import { toPosition } from '../integers.ts';
import { dataOutcome, outcomeOf, UNBOUND, UNSAFE } from '../outcomes.ts';
import type { Process } from '../process.ts';
import { type Direction, type Offset, transfer, transferVector, type VectorFlags } from '../read-write.ts';
import { isInside } from '../safety.ts';
import { lseek } from '../seek.ts';
import { copyFileRange, sendfile, splice } from '../splice.ts';
import { MappedMemory } from '../user-copy.ts';
import { CallerMemory } from '../user-memory.ts';
import type { Table } from './table.ts';

/** Address 0: no program can map anything there, and every copy faults. */
const NULL_POINTER = -(2 ** 50);

function readOnce(process: Process, descriptor: number, length: number, offset: Offset): Outcome {
  const bytes = new Uint8Array(length);
  return dataOutcome(transfer(process, descriptor, 'read', segmentOf(bytes), offset), bytes);
}

function writeOnce(process: Process, descriptor: number, data: Op<'write'>['data'], offset: Offset): Outcome {
  return outcomeOf(transfer(process, descriptor, 'write', segmentOf(expandData(data)), offset));
}

function segmentOf(bytes: Uint8Array): { length: number; memory: CallerMemory } {
  return { length: bytes.length, memory: new CallerMemory(bytes) };
}

function readVector(
  process: Process,
  descriptor: number,
  lengths: readonly number[],
  offset: Offset,
  flags?: VectorFlags,
): Outcome {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let start = 0;
  const segments = lengths.map((length) => {
    start += length;
    return segmentOf(bytes.subarray(start - length, start));
  });
  return dataOutcome(transferVector(process, descriptor, 'read', segments, offset, flags), bytes);
}

function writeVector(
  process: Process,
  descriptor: number,
  data: Op<'writev'>['segments'],
  offset: Offset,
  flags?: VectorFlags,
): Outcome {
  const segments = data.map((piece) => segmentOf(expandData(piece)));
  return outcomeOf(transferVector(process, descriptor, 'write', segments, offset, flags));
}

/** Offset -1 of preadv2 and pwritev2 is the description's own. */
function vectorOffset(offset: Op<'preadv2'>['offset']): Offset {
  return toSigned(offset) === -1n ? undefined : toPosition(offset);
}

function vectorFlags(flags: Op<'preadv2'>['flags'] = []): VectorFlags {
  if (flags.some((flag) => flag !== 'hipri')) return 'others';
  return flags.length > 0 ? 'hipri' : 'none';
}

/** `read_into` and `write_from`: a transfer whose buffer lies in memory of the program, or nowhere. */
function mappedTransfer(
  execution: Execution,
  { fd, at, length, offset }: Op<'read_into'> | Op<'write_from'>,
  process: Process,
  direction: Direction,
): Outcome {
  const address = pointer(execution, at);
  if (address === 'unbound') return UNBOUND;
  if (!('wild' in at) && address !== null && !isInside(address, length)) return UNSAFE;
  const memory = address === null ? null : new MappedMemory(process.space, address);
  const position = offset === undefined ? undefined : toPosition(offset);
  return outcomeOf(transfer(process, execution.descriptor(fd), direction, { length, memory }, position));
}

/** Where a pointer leads; null where `access_ok` already refuses it. */
function pointer(execution: Execution, at: Pointer): number | null | 'unbound' {
  if ('wild' in at) return at.wild === 'null' ? NULL_POINTER : null;
  return execution.address(at) ?? 'unbound';
}

function onFile(process: Process, descriptor: number, call: (file: OpenFile) => Result): Outcome {
  const file = process.files.get(descriptor);
  return outcomeOf(file === null ? 'EBADF' : call(file));
}

export const transferTable: Table<
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
  | 'copy_file_range'
> = {
  read: (execution, { fd, length }, process) => readOnce(process, execution.descriptor(fd), length, undefined),
  pread: (execution, { fd, length, offset }, process) => {
    return readOnce(process, execution.descriptor(fd), length, toPosition(offset));
  },
  readv: (execution, { fd, lengths }, process) => readVector(process, execution.descriptor(fd), lengths, undefined),
  preadv2: (execution, { fd, lengths, offset, flags }, process) => {
    return readVector(process, execution.descriptor(fd), lengths, vectorOffset(offset), vectorFlags(flags));
  },
  write: (execution, { fd, data }, process) => writeOnce(process, execution.descriptor(fd), data, undefined),
  pwrite: (execution, { fd, data, offset }, process) => {
    return writeOnce(process, execution.descriptor(fd), data, toPosition(offset));
  },
  writev: (execution, { fd, segments }, process) => {
    return writeVector(process, execution.descriptor(fd), segments, undefined);
  },
  pwritev2: (execution, { fd, segments, offset, flags }, process) => {
    return writeVector(process, execution.descriptor(fd), segments, vectorOffset(offset), vectorFlags(flags));
  },
  read_into: (execution, operation, process) => mappedTransfer(execution, operation, process, 'read'),
  write_from: (execution, operation, process) => mappedTransfer(execution, operation, process, 'write'),
  lseek: (execution, { fd, offset, whence }, process) => {
    const result = lseek(process, execution.descriptor(fd), toSigned(offset), whence);
    if (typeof result === 'string') return outcomeOf(result);
    return { ret: result <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(result) : String(result) };
  },
  ftruncate: (execution, { fd, length }, process) => {
    const bytes = toSigned(length);
    if (bytes < 0n) return outcomeOf('EINVAL');
    return onFile(process, execution.descriptor(fd), (file) => ftruncate(process.kernel, file, bytes) ?? 0);
  },
  fallocate: (execution, { fd, mode, offset, length }, process) => {
    return onFile(process, execution.descriptor(fd), (file) => {
      return fallocate(process.kernel, file, mode, toSigned(offset), toSigned(length));
    });
  },
  /** `generic_fadvise`: devtmpfs and proc have no backing device, so advices are checked and forgotten. */
  fadvise: (execution, { fd, advice, offset, length }, process) => {
    const isBelow = process.kernel.version.advisesFromStart && toSigned(offset) < 0n;
    const isWrong = toSigned(length) < 0n || isBelow || advice === 'unknown';
    return onFile(process, execution.descriptor(fd), () => (isWrong ? 'EINVAL' : 0));
  },
  splice: (execution, { fd, direction, length }, process) => {
    return outcomeOf(splice(process, execution.descriptor(fd), direction, length));
  },
  sendfile: (execution, { fd, direction, length }, process) => {
    return outcomeOf(sendfile(process, execution.descriptor(fd), direction, length));
  },
  copy_file_range: (execution, { fd, onto }, process) => {
    return outcomeOf(copyFileRange(process, execution.descriptor(fd), execution.descriptor(onto)));
  },
};
