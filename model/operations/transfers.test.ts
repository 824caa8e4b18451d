import { describe, expect, test } from 'vitest';
import { encodeBytes } from '../../spec/bytes.ts';
import type { Contract } from '../../spec/contract.ts';
import type { Op } from '../../spec/program.ts';
import { type Act, L, P, profile, run, type Version } from '../fixtures.ts';
import { initialState, step } from '../step.ts';

const open: Act = { op: 'open', to: 'd0', access: 'rw' };
const text = '0123456789abcdefghijklmnopqrstuvwxyz';
const write = (bytes: string): Act => ({ op: 'write', fd: 'd0', data: { text: bytes, length: bytes.length } });
const map = (page: number, pgoff: number, more: Partial<Omit<Op<'mmap'>, 'actor' | 'op'>> = {}): Act => ({
  op: 'mmap',
  to: 'm0',
  fd: 'd0',
  length: 4096,
  offset: pgoff * 4096,
  prot: 'rw-',
  type: 'shared',
  place: { how: 'fixed', at: { arena: page * 4096 } },
  ...more,
});
/** Two pages of which the second lies beyond the buffer of `pages_mmap`: the first was mapped, and grew. */
const grown = (page: number): Act[] => [
  map(page, 3),
  { op: 'mremap', to: 'm1', at: { arena: page * 4096 }, oldLength: 4096, newLength: 8192 },
];
const into = (arena: number, length: number, offset?: number): Act => ({
  op: 'read_into',
  fd: 'd0',
  at: { arena },
  length,
  ...(offset !== undefined && { offset }),
});
const from = (arena: number, length: number): Act => ({ op: 'write_from', fd: 'd0', at: { arena }, length });
const load = (arena: number, length: number): Act => ({ op: 'load', at: { arena }, length });
const pread = (length: number): Act => ({ op: 'pread', fd: 'd0', length, offset: 0 });

/** What the last of some operations does. */
const last = (contract: Contract, acts: readonly Act[], version: Version = [6, 12]): string | undefined =>
  run(contract, [open, ...acts], { version }).at(-2);

describe('vectors', () => {
  const readv = (...lengths: number[]): Act => ({ op: 'readv', fd: 'd0', lengths });
  const writev = (...lengths: number[]): Act => ({
    op: 'writev',
    fd: 'd0',
    segments: lengths.map((length) => ({ text: 'x', length })),
  });

  test('the driver is called for each segment until one is short', () => {
    expect(last(L, [readv(2, 4, 1)])).toBe('4 [61736466] ⟦read len=2 pos=0, read len=4 pos=2⟧');
    expect(last(L, [writev(2, 3)])).toBe('5 ⟦write len=2 pos=0, write len=3 pos=0⟧');
    expect(last(P, [writev(2, 3)])).toBe('5 ⟦write len=2 pos=0, write len=3 pos=2⟧');
  });

  test('an error after a part is lost, one at the start is not', () => {
    const full: Act = { op: 'write', fd: 'd0', data: { text: 'x', length: 16_380 } };
    const lines = run(P, [open, full, writev(4, 1), writev(1)]);
    expect(lines.slice(2, 4)).toEqual([
      '4 ⟦write len=4 pos=16380, write len=1 pos=16384⟧',
      'ENOSPC ⟦write len=1 pos=16384⟧',
    ]);
  });

  test('empty segments reach the driver where the iterator stops at them', () => {
    expect(last(P, [readv(0, 0, 1, 0, 1, 0)])).toBe('2 [0000] ⟦read len=0 pos=0, read len=1 pos=0, read len=1 pos=1⟧');
    const calls = [0, 0, 1, 0, 1].map((length, index) => `read len=${String(length)} pos=${index > 2 ? '1' : '0'}`);
    expect(last(P, [readv(0, 0, 1, 0, 1, 0)], [5, 10])).toBe(`2 [0000] ⟦${calls.join(', ')}⟧`);
    expect(last(P, [readv(0, 0)])).toBe('0 []');
  });

  test('offsets and flags are checked in the order of the kernel', () => {
    const preadv2 = (offset: number, lengths: number[], ...flags: NonNullable<Op<'preadv2'>['flags']>): Act => {
      return { op: 'preadv2', fd: 'd0', lengths, offset, flags };
    };
    expect(last(L, [preadv2(-2, [1], 'unknown')])).toBe('EINVAL');
    expect(last(P, [preadv2(0, [1], 'unknown')])).toBe('ESPIPE');
    expect(last(P, [preadv2(-1, [1])])).toBe('1 [00] ⟦read len=1 pos=0⟧');
    expect(last(L, [preadv2(0, [1], 'nowait')])).toBe('EOPNOTSUPP');
    expect(last(L, [preadv2(0, [], 'nowait')])).toBe('0 []');
    expect(last(L, [preadv2(1, [1, 4], 'hipri')])).toBe('3 [736466] ⟦read len=1 pos=1, read len=4 pos=2⟧');
  });
});

describe('copies from and to memory', () => {
  test('bring in pages as stores and loads do, and move the position', () => {
    expect(last(L, [map(0, 0), into(4, 4)])).toBe('4 ⟦read len=4 pos=0, vm_fault pgoff=0 write=1⟧');
    expect(last(L, [map(0, 0), into(4, 4), load(0, 9)])).toBe('9 [617364666173646600]');
    expect(last(L, [map(0, 0), from(2, 4), load(0, 4)])).toBe('4 [64660000]');
    expect(last(L, [map(0, 0, { type: 'private' }), into(1, 4), pread(4)])).toBe('4 [61736466] ⟦read len=4 pos=0⟧');
  });

  test('fail where memory cannot be accessed; what lies before it is copied, and the position stays', () => {
    const lines = run(P, [
      open,
      write(text),
      map(0, 0),
      into(4092, 8, undefined),
      load(4092, 4),
      { op: 'read', fd: 'd0', length: 0 },
    ]);
    expect(lines[3]).toBe('EFAULT ⟦read len=8 pos=36, vm_fault pgoff=0 write=1⟧');
    expect(lines[5]).toBe('0 [] ⟦read len=0 pos=36⟧');
    const none = map(0, 0, { prot: '---' });
    expect(last(L, [none, into(0, 0)])).toBe('0 ⟦read len=0 pos=0⟧');
    expect(last(L, [none, into(0, 4)])).toBe('EFAULT ⟦read len=4 pos=0⟧');
  });

  test('a write that fails leaves zeros where it could not take bytes', () => {
    const some: Act = { op: 'store', at: { arena: 4094 }, data: { text: 'xy', length: 2 } };
    expect(last(L, [map(0, 0), some, from(4094, 4)])).toBe('EFAULT ⟦write len=4 pos=0⟧');
    expect(last(L, [map(0, 0), some, from(4094, 4), pread(4)])).toBe('4 [78790000] ⟦read len=4 pos=0⟧');
  });

  test('pointers outside of user space do not reach the driver, null does', () => {
    const wild = (where: 'null' | 'kernel' | 'noncanonical', length: number): Act => {
      return { op: 'write_from', fd: 'd0', at: { wild: where }, length };
    };
    expect(last(P, [wild('kernel', 0)])).toBe('EFAULT');
    expect(last(P, [wild('noncanonical', 4)])).toBe('EFAULT');
    expect(last(P, [wild('null', 0)])).toBe('0 ⟦write len=0 pos=0⟧');
    expect(last(P, [wild('null', 4)])).toBe('EFAULT ⟦write len=4 pos=0⟧');
  });

  test('how often a page is asked for that raises SIGBUS depends on the copy routine', () => {
    const asked = (version: Version, at: number, length: number, fastStrings?: 'long' | 'all'): number => {
      const acts = [open, ...grown(0), into(at, length)];
      const lines = run(P, acts, { version, ...(fastStrings !== undefined && { facts: { fastStrings } }) });
      return (lines.at(-2) ?? '').split('vm_fault pgoff=4').length - 1;
    };
    expect(asked([5, 10], 4096, 4)).toBe(2);
    expect(asked([6, 1], 4096, 4)).toBe(2);
    expect(asked([6, 12], 4096, 4)).toBe(1);
    expect(asked([6, 12], 4096, 8)).toBe(2);
    expect(asked([6, 12], 4088, 9)).toBe(1);
    expect(asked([6, 12], 4096, 100)).toBe(2);
    expect(asked([6, 12], 4096, 100, 'long')).toBe(1);
    expect(asked([6, 12], 4096, 8, 'long')).toBe(2);
    expect(asked([7, 3], 4096, 8, 'all')).toBe(1);
    expect(asked([6, 1], 4096, 100, 'long')).toBe(2);
  });

  test('two views of one page: words of eight bytes are loaded before they are stored', () => {
    const positioned = { ...P, positioned: true };
    const seen = (version: Version, length: number, fastStrings?: 'all'): string | undefined => {
      const acts = [open, write(text), map(0, 0), into(1, length, 0), load(0, 20)];
      return run(positioned, acts, { version, ...(fastStrings !== undefined && { facts: { fastStrings } }) }).at(-2);
    };
    const shown = (start: string): string => `20 [${encodeBytes(Buffer.from(start + text.slice(start.length, 20)))}]`;
    // A word as it lies, since 6.4.
    expect(seen([6, 12], 8)).toBe(shown('001234567'));
    // Before that bytes up to an aligned destination, each of which sees the one before.
    expect(seen([6, 1], 16)).toBe(shown('00000000089abcdee'));
    // One string instruction copies bytes.
    expect(seen([6, 12], 8, 'all')).toBe(shown('000000000'));
  });

  test('two views of one page: what is loaded after it was stored is not predicted where copies run in any steps', () => {
    const predicted = (contract: Contract, stepwiseCopies: boolean, act: Act): boolean => {
      const kernel = profile(contract, [6, 12], { stepwiseCopies, fastStrings: 'all' });
      const acts = [open, map(0, 0, { length: 8192 }), write(text), act];
      let state = initialState(contract, kernel, {});
      return acts.every((one) => {
        const result = step(state, { actor: 'p0', ...one }, contract, kernel);
        state = result.state;
        return !result.unpredictable;
      });
    };
    const positioned = { ...P, positioned: true };
    expect(predicted(positioned, true, into(1, 8, 0))).toBe(true);
    expect(predicted(positioned, false, into(1, 8, 0))).toBe(false);
    // Down, onto itself, far enough apart: nothing that is loaded was stored before.
    expect(predicted(positioned, false, into(0, 8, 1))).toBe(true);
    expect(predicted(positioned, false, into(0, 8, 0))).toBe(true);
    expect(predicted(positioned, false, into(8, 8, 0))).toBe(true);
    // The second page is the first again.
    expect(predicted(L, true, from(4093, 4))).toBe(true);
    expect(predicted(L, false, from(4093, 4))).toBe(false);
    expect(predicted(L, false, from(4092, 4))).toBe(true);
  });
});

describe('lseek', () => {
  const lseek = (whence: Op<'lseek'>['whence'], offset: Op<'lseek'>['offset']): Act => {
    return { op: 'lseek', fd: 'd0', offset, whence };
  };

  test('fails on both devices since 6.0, after its arguments were checked', () => {
    expect(last(L, [lseek('set', 0)])).toBe('ESPIPE');
    expect(last(P, [lseek('set', 0)], [5, 10])).toBe('ESPIPE');
    expect(last(P, [lseek('bad', 0)])).toBe('EINVAL');
    expect(last(P, [{ op: 'lseek', fd: 'd9', offset: 0, whence: 'bad' }])).toBe('EBADF');
  });

  test('moves the position of a proc file before, to the last that there is', () => {
    const on510 = (...acts: Act[]): string[] => run(L, [open, ...acts], { version: [5, 10] }).slice(1, -1);
    const two: Act = { op: 'read', fd: 'd0', length: 2 };
    expect(on510(two, lseek('cur', 0), lseek('cur', -1), lseek('cur', -5), lseek('end', 1), two)).toEqual([
      '2 [6173] ⟦read len=2 pos=0⟧',
      '2',
      '1',
      'EINVAL',
      '1',
      '2 [7364] ⟦read len=2 pos=1⟧',
    ]);
    expect(on510(lseek('data', 0), lseek('hole', 4), lseek('data', -1), lseek('hole', -1))).toEqual([
      'ENXIO',
      'ENXIO',
      'EINVAL',
      '0',
    ]);
    const none: Act = { op: 'read', fd: 'd0', length: 0 };
    expect(on510(lseek('set', '9223372036854775807'), two, write('ab'), none, lseek('cur', 1))).toEqual([
      '9223372036854775807',
      'EINVAL',
      'EINVAL',
      '0 [] ⟦read len=0 pos=9223372036854775807⟧',
      'EINVAL',
    ]);
    expect(
      on510(
        lseek('set', 2 ** 31),
        { op: 'sendfile', fd: 'd0', direction: 'from', length: 1 },
        { op: 'copy_file_range', fd: 'd0', onto: 'd0', length: 1 },
      ),
    ).toEqual([String(2 ** 31), 'EOVERFLOW', 'EFBIG']);
  });
});

describe('what a driver with neither size nor splice cannot do', () => {
  test('the size of the file', () => {
    const ftruncate = (length: number, fd = 'd0'): Act => ({ op: 'ftruncate', fd, length });
    expect(last(L, [ftruncate(-1, 'd9')])).toBe('EINVAL');
    expect(last(L, [ftruncate(2 ** 31 - 1)])).toBe('0');
    expect(last(L, [ftruncate(2 ** 31)])).toBe('EFBIG');
    expect(last(P, [ftruncate(0)])).toBe('EINVAL');
  });

  test('the space of the file, in the order of the checks', () => {
    const readOnly: Act = { op: 'open', to: 'd1', access: 'ro' };
    const fallocate = (mode: Op<'fallocate'>['mode'], offset: number, length: number, fd = 'd0'): Act => ({
      op: 'fallocate',
      fd,
      mode,
      offset,
      length,
    });
    expect(last(L, [fallocate('unknown', 0, 0)])).toBe('EINVAL');
    expect(last(L, [readOnly, fallocate('unknown', 0, 1, 'd1')])).toBe('EOPNOTSUPP');
    expect(last(P, [readOnly, fallocate('allocate', 0, 1, 'd1')])).toBe('EBADF');
    expect(last(P, [fallocate('allocate', 2 ** 31, 1)])).toBe('ENODEV');
    expect(last(L, [fallocate('punch-hole', 2 ** 31 - 1, 1)])).toBe('EFBIG');
    expect(last(L, [fallocate('punch-hole', 2 ** 31 - 2, 1)])).toBe('EOPNOTSUPP');
  });

  test('posix_fadvise checks the descriptor, then the length, then the advice, and forgets it', () => {
    const fadvise = (advice: Op<'fadvise'>['advice'], length: Op<'fadvise'>['length'], fd = 'd0'): Act => {
      return { op: 'fadvise', fd, advice, offset: 0, length };
    };
    for (const contract of [L, P]) {
      expect(last(contract, [fadvise('unknown', -1, 'd7')])).toBe('EBADF');
      expect(last(contract, [fadvise('normal', '9223372036854775808')])).toBe('EINVAL');
      expect(last(contract, [fadvise('unknown', 0)])).toBe('EINVAL');
      expect(last(contract, [fadvise('willneed', 4096)])).toBe('0');
    }
  });

  test('transfers between files', () => {
    const splice = (direction: 'from' | 'to', length: number, fd = 'd0'): Act => ({
      op: 'splice',
      fd,
      direction,
      length,
    });
    const sendfile = (direction: 'from' | 'to', length: number): Act => ({
      op: 'sendfile',
      fd: 'd0',
      direction,
      length,
    });
    const copy: Act = { op: 'copy_file_range', fd: 'd0', onto: 'd0', length: 4 };
    const append: Act = { op: 'open', to: 'd0', access: 'rw', flags: ['append'] };
    expect(last(P, [splice('from', 0, 'd9')])).toBe('0');
    expect(last(P, [splice('to', 1)])).toBe('EINVAL');
    expect(last(L, [sendfile('to', 0)])).toBe('0');
    expect(last(L, [append, sendfile('to', 0)])).toBe('EINVAL');
    expect(last(L, [copy])).toBe('0');
    expect(last(L, [append, copy])).toBe('EBADF');
    expect(last(P, [copy])).toBe('EINVAL');
    const versions: Version[] = [
      [5, 10],
      [6, 1],
      [7, 3],
    ];
    const nothing = versions.map((version) => {
      return [last(L, [sendfile('from', 0)], version), last(P, [sendfile('from', 0)], version)];
    });
    expect(nothing).toEqual([
      ['0', 'EINVAL'],
      ['EINVAL', 'EINVAL'],
      ['0', '0'],
    ]);
  });
});
