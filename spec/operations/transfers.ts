import * as z from 'zod';
import { Int64 } from '../integer.ts';
import { Count, Data, DescriptorName, Pointer, TRANSFER_MAX } from '../values.ts';
import { address, data, define, failing, flagged } from './define.ts';

export const FILE_ADVICES = ['normal', 'sequential', 'random', 'willneed', 'dontneed', 'noreuse', 'unknown'] as const;

export const WHENCES = ['set', 'cur', 'end', 'data', 'hole', 'bad'] as const;
/** Flags of preadv2 and pwritev2 (RWF_…); `unknown` is one that no kernel knows. */
export const TRANSFER_FLAGS = ['hipri', 'dsync', 'sync', 'nowait', 'append', 'unknown'] as const;

const SEGMENTS_MAX = 4;

const fd = { fd: DescriptorName };
const flags = { flags: z.array(z.enum(TRANSFER_FLAGS)).optional() };
const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);

/** The lengths of the segments of a vector, in bytes. */
const lengths = {
  lengths: z
    .array(Count)
    .max(SEGMENTS_MAX)
    .refine((all) => sum(all) <= TRANSFER_MAX, `a vector moves at most ${String(TRANSFER_MAX)} bytes`),
};
/** The segments of a vector. */
const segments = {
  segments: z
    .array(Data)
    .max(SEGMENTS_MAX)
    .refine((all) => sum(all.map((segment) => segment.length)) <= TRANSFER_MAX, {
      message: `a vector moves at most ${String(TRANSFER_MAX)} bytes`,
    }),
};
/** Memory of the program as the buffer; with `offset` the positioned form of the call. */
const memory = { at: Pointer, length: Count, offset: Int64.optional() };
const copies = { fail: failing('copy') };
const behind = (offset: Int64 | undefined): string => (offset === undefined ? '' : ` at ${String(offset)}`);

/** Operations that move bytes between a description and memory. */
export const transferOperations = [
  define('read', { ...fd, length: Count, ...copies }, (op) => `read(${op.fd}, ${String(op.length)})`),
  define('pread', { ...fd, length: Count, offset: Int64, ...copies }, (op) => {
    return `pread(${op.fd}, ${String(op.length)}${behind(op.offset)})`;
  }),
  define('readv', { ...fd, ...lengths, ...copies }, (op) => `readv(${op.fd}, [${op.lengths.join(', ')}])`),
  /** Offset -1 stands for the description's position. */
  define('preadv2', { ...fd, ...lengths, offset: Int64, ...flags, ...copies }, (op) => {
    return `preadv2(${op.fd}, [${op.lengths.join(', ')}]${behind(op.offset)}${flagged(op.flags)})`;
  }),
  define('write', { ...fd, data: Data, ...copies }, (op) => `write(${op.fd}, ${data(op.data)})`),
  define('pwrite', { ...fd, data: Data, offset: Int64, ...copies }, (op) => {
    return `pwrite(${op.fd}, ${data(op.data)}${behind(op.offset)})`;
  }),
  define(
    'writev',
    { ...fd, ...segments, ...copies },
    (op) => `writev(${op.fd}, [${op.segments.map(data).join(', ')}])`,
  ),
  /** Offset -1 stands for the description's position. */
  define('pwritev2', { ...fd, ...segments, offset: Int64, ...flags, ...copies }, (op) => {
    return `pwritev2(${op.fd}, [${op.segments.map(data).join(', ')}]${behind(op.offset)}${flagged(op.flags)})`;
  }),
  /** `read` or `pread` into memory of the program. */
  define('read_into', { ...fd, ...memory, ...copies }, (op) => {
    return `read_into(${op.fd}, ${address(op.at)}, ${String(op.length)}${behind(op.offset)})`;
  }),
  /** `write` or `pwrite` from memory of the program. */
  define('write_from', { ...fd, ...memory, ...copies }, (op) => {
    return `write_from(${op.fd}, ${address(op.at)}, ${String(op.length)}${behind(op.offset)})`;
  }),
  define('lseek', { ...fd, offset: Int64, whence: z.enum(WHENCES) }, (op) => {
    return `lseek(${op.fd}, ${op.whence} ${String(op.offset)})`;
  }),
  define('ftruncate', { ...fd, length: Int64 }, (op) => `ftruncate(${op.fd}, ${String(op.length)})`),
  define(
    'fallocate',
    {
      ...fd,
      mode: z.enum(['allocate', 'keep-size', 'punch-hole', 'zero-range', 'unknown']),
      offset: Int64,
      length: Int64,
    },
    (op) => `fallocate(${op.fd}, ${op.mode}, ${String(op.length)}${behind(op.offset)})`,
  ),
  define(
    'fadvise',
    { ...fd, advice: z.enum(FILE_ADVICES), offset: Int64, length: Int64 },
    (op) => `fadvise(${op.fd}, ${op.advice}, ${String(op.length)}${behind(op.offset)})`,
  ),
  /** Between the description and a pipe that is empty and stays so. */
  define('splice', { ...fd, direction: z.enum(['from', 'to']), length: Count }, (op) => {
    return `splice(${op.direction} ${op.fd}, ${String(op.length)})`;
  }),
  /** From the description into an empty pipe, or to it from a regular file of 16 bytes. */
  define('sendfile', { ...fd, direction: z.enum(['from', 'to']), length: Count }, (op) => {
    return `sendfile(${op.direction} ${op.fd}, ${String(op.length)})`;
  }),
  define('copy_file_range', { ...fd, onto: DescriptorName, length: Count }, (op) => {
    return `copy_file_range(${op.fd}, ${op.onto}, ${String(op.length)})`;
  }),
] as const;
