import { FIRST_ACTOR, type Op, type Operation, type OperationName, type Program, PROGRAM_VERSION } from './program.ts';

/** How an example of an operation is written: without its name and its actor, which is the first. */
type Fields = { readonly [Name in OperationName]: Omit<Op<Name>, 'op' | 'actor'> };

const m0 = { map: 'm0', offset: 0 } as const;
const fd = { fd: 'd0' } as const;
const page = { at: m0, length: 4096 } as const;
const ab = { text: 'ab', length: 2 } as const;

/**
 * One example of each operation. It works in a program that has opened the device as `d0` and mapped its first page as `m0`:
 * readable, writable, shared.
 */
const EXAMPLES: Fields = {
  open: { to: 'd1', access: 'ro' },
  close: fd,
  dup: { ...fd, to: 'd1' },
  dup2: { ...fd, onto: 'd0', to: 'd1', call: 'dup2' },
  send: fd,
  receive: { to: 'd1' },
  poll: fd,
  ioctl: { ...fd, request: 'unknown' },
  fsync: { ...fd, call: 'fsync' },
  read: { ...fd, length: 8 },
  pread: { ...fd, length: 8, offset: 0 },
  readv: { ...fd, lengths: [2, 2] },
  preadv2: { ...fd, lengths: [2, 2], offset: -1 },
  write: { ...fd, data: ab },
  pwrite: { ...fd, data: ab, offset: 0 },
  writev: { ...fd, segments: [ab, ab] },
  pwritev2: { ...fd, segments: [ab], offset: -1 },
  read_into: { ...fd, at: m0, length: 4 },
  write_from: { ...fd, at: m0, length: 4 },
  lseek: { ...fd, offset: 0, whence: 'set' },
  ftruncate: { ...fd, length: 0 },
  fallocate: { ...fd, mode: 'allocate', offset: 0, length: 4096 },
  fadvise: { ...fd, advice: 'normal', offset: 0, length: 0 },
  splice: { ...fd, direction: 'from', length: 4 },
  sendfile: { ...fd, direction: 'from', length: 4 },
  copy_file_range: { ...fd, onto: 'd0', length: 4 },
  mmap: { ...fd, to: 'm1', length: 4096, offset: 0, prot: 'rw-', type: 'private' },
  munmap: page,
  mprotect: { ...page, prot: 'r--' },
  mremap: { at: m0, oldLength: 4096, newLength: 4096, flags: ['maymove'], to: 'm1' },
  madvise: { ...page, advice: 'dontneed' },
  msync: { ...page, flags: ['sync'] },
  mlock: page,
  munlock: page,
  mlockall: { flags: ['future'] },
  munlockall: {},
  mincore: page,
  clear_refs: {},
  load: { at: m0, length: 4 },
  store: { at: m0, data: ab },
  vm_read: { of: 'p0', at: m0, length: 4 },
  vm_write: { of: 'p0', at: m0, data: ab },
  mem_read: { of: 'p0', at: m0, length: 4 },
  mem_write: { of: 'p0', at: m0, data: ab },
  fork: { to: 'p1' },
  exit: {},
  checkpoint: {},
  reload: {},
};

/** The example of an operation, performed by the first process; of `exit` by the second, as the first cannot exit. */
export function exampleOf(name: OperationName): Operation {
  const actor = name === 'exit' ? 'p1' : FIRST_ACTOR;
  return { op: name, actor, ...EXAMPLES[name] } as Operation;
}

const OPEN = { op: 'open', actor: FIRST_ACTOR, to: 'd0', access: 'rw' } as const;
const MAP = {
  op: 'mmap',
  actor: FIRST_ACTOR,
  to: 'm0',
  ...fd,
  length: 4096,
  offset: 0,
  prot: 'rw-',
  type: 'shared',
} as const;

/** A short program in which an operation can show what it does, made of operations that the target has. */
export function programAround(operations: readonly Operation[], has: ReadonlySet<string>): Program {
  const forks = operations.some(({ actor }) => actor === 'p1');
  const ops: Operation[] = [OPEN, MAP, ...(forks ? [exampleOf('fork')] : []), ...operations];
  return { version: PROGRAM_VERSION, ops: ops.filter(({ op }) => has.has(op)) };
}
