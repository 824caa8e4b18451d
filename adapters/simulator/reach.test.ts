import { describe, expect, test } from 'vitest';
import type { MeasuredSeries } from '../../spec/kernel.ts';
import type { Operation } from '../../spec/program.ts';
import { actor, type Device, observe, placed, yields } from '../../tools/testing/simulator.ts';

/** Copies between driver and mapping, memory reached from outside, limits, sockets, reload: rows of the measured facts. */

const p0 = actor('p0');
const { open, close, mmap, load, store, fork, mremap, mlock, reach, readInto, writeFrom, read, munmap, dup } = p0;

const PAGE = 4096;
const at = (page: number) => placed('fixed', page * PAGE);
const privately = { type: 'private' as const };
const act = (operation: object): Operation => ({ actor: 'p0', ...operation }) as Operation;

function rest(device: Device, ops: Operation[], series: MeasuredSeries = '6.12'): string {
  return yields(device, [open(), ...ops], { series }).replace('0{open} ', '');
}

describe('copies', () => {
  test('read-into-same-map, write-from-fresh-map, read-into-private-map', () => {
    expect(rest('lkmc_mmap', [mmap('m0', PAGE, at(0)), readInto('m0', 4), load('m0', 4)])).toBe(
      `0{mmap,vm_open} 4{read(4@0),fault0W} 4'asdf' end{vm_close,release}`,
    );
    expect(rest('lkmc_mmap', [mmap('m0', PAGE, at(0)), writeFrom('m0+2', 4), load('m0', 4)])).toBe(
      `0{mmap,vm_open} 4{write(4@0),fault0R} 4'df··' end{vm_close,release}`,
    );
    expect(rest('lkmc_mmap', [mmap('m0', PAGE, { ...at(0), ...privately }), readInto('m0+1', 4), load('m0', 5)])).toBe(
      `0{mmap,vm_open} 4{read(4@0),fault0W} 5'aasdf' end{vm_close,release}`,
    );
  });

  test('what cannot be read from is zero in the device, and the position stays', () => {
    const ops = [mmap('m0', PAGE, { ...at(0), prot: '---' }), readInto('m0', 4), writeFrom('m0', 4), read(4)];
    expect(rest('lkmc_mmap', ops)).toBe(
      `0{mmap,vm_open} -EFAULT{read(4@0)} -EFAULT{write(4@0)} 4'·*4'{read(4@0)} end{vm_close,release}`,
    );
  });

  test('what was copied before a fault stays copied', () => {
    const ops = [mmap('m0', PAGE, at(0)), readInto('m0+4092', 8), load('m0+4092', 4)];
    expect(rest('pages_mmap', ops)).toBe(`0{mmap} -EFAULT{read(8@0),fault0W} 4'A*4' end{release}`);
  });

  test('a page that the driver refuses is asked for again, by older kernels always, by newer ones for whole words', () => {
    const grow = [mmap('m0', PAGE, { ...at(0), offset: 3 * PAGE }), mremap('m0', PAGE, 2 * PAGE)];
    const short = [...grow, readInto('m0+4096', 4)];
    const long = [...grow, readInto('m0+4096', 8)];
    expect(rest('pages_mmap', short)).toContain(' -EFAULT{read(4@0),fault4W} ');
    expect(rest('pages_mmap', short, '6.1')).toContain(' -EFAULT{read(4@0),fault4W,fault4W} ');
    expect(rest('pages_mmap', long)).toContain(' -EFAULT{read(8@0),fault4W,fault4W} ');
  });

  test('wild pointers', () => {
    const into = (wild: string, length: number) => act({ op: 'read_into', fd: 'd0', at: { wild }, length });
    const ops = [into('null', 0), into('null', 4), into('kernel', 0), into('noncanonical', 4)];
    expect(rest('lkmc_mmap', ops)).toBe('0{read(0@0)} -EFAULT{read(4@0)} -EFAULT -EFAULT end{release}');
  });

  test('vectors: one call for each segment, the first empty one included, up to a short one', () => {
    const vector = (...lengths: number[]) => act({ op: 'readv', fd: 'd0', lengths });
    expect(rest('lkmc_mmap', [vector(1, 4, 4)])).toBe(`4'asdf'{read(1@0),read(4@1)} end{release}`);
    expect(rest('lkmc_mmap', [vector(0, 2, 0, 1)])).toBe(`3'asd'{read(0@0),read(2@0),read(1@2)} end{release}`);
    const inBetween = `3'asd'{read(0@0),read(2@0),read(0@2),read(1@2)} end{release}`;
    expect(rest('lkmc_mmap', [vector(0, 2, 0, 1)], '5.10')).toBe(inBetween);
    expect(rest('lkmc_mmap', [vector(0, 0)])).toBe(`0'' end{release}`);
    const flagged = act({ op: 'preadv2', fd: 'd0', lengths: [1], offset: -1, flags: ['nowait'] });
    expect(rest('pages_mmap', [flagged])).toBe('-EOPNOTSUPP end{release}');
  });
});

describe('from outside', () => {
  test.each<[string, string, string, string]>([
    ['r--', 'shared', '-EIO', '-EIO'],
    ['---', 'shared', '-EIO', '-EIO'],
    ['-w-', 'shared', '4', '4'],
    ['r--', 'private', '4', '-EIO'],
  ])('mem_write to %s %s', (prot, type, upTo612, in73) => {
    const ops = [mmap('m0', PAGE, { ...at(0), prot, type: type as 'shared' }), reach('mem_write', 'm0', 4)];
    const word = (series: MeasuredSeries) => rest('lkmc_mmap', ops, series).split(' ')[1]?.replace(/\{.*/, '');
    expect([word('6.12'), word('7.3')]).toEqual([upTo612, in73]);
  });

  test('a forced write copies, and cannot be seen in the device', () => {
    const ops = [
      mmap('m0', PAGE, { ...at(0), prot: 'r--', ...privately }),
      reach('mem_write', 'm0', 4),
      load('m0', 4),
      reach('vm_write', 'm0', 4),
      read(4),
    ];
    expect(rest('lkmc_mmap', ops)).toBe(
      `0{mmap,vm_open} 4{fault0W} 4'wxyz' -EFAULT 4'asdf'{read(4@0)} end{vm_close,release}`,
    );
  });

  test('an access that crosses the end is short', () => {
    const ops = [mmap('m0', PAGE, at(0)), reach('mem_read', 'm0+4092', 8), reach('vm_read', 'm0+4092', 8)];
    expect(rest('lkmc_mmap', ops)).toBe(`0{mmap,vm_open} 4'·*4'{fault0R} 4'·*4' end{vm_close,release}`);
  });

  test('reading for process_vm_readv unshares a page that a fork shares', () => {
    const ops = [
      open(),
      mmap('m0', PAGE, { ...at(0), ...privately }),
      store('m0'),
      fork('p1'),
      reach('vm_read', 'm0', 1, 'p1'),
    ];
    expect(observe('lkmc_mmap', ops).steps.at(-1)?.frames).toEqual({ p0: '0:0XD', p1: '0:1XD' });
    expect(observe('lkmc_mmap', ops, { series: '5.10' }).steps.at(-1)?.frames).toBeUndefined();
  });
});

describe('limits', () => {
  test('RLIMIT_AS, where an mmap over others leaves them split', () => {
    const setting = { addressSpace: 2 };
    const ops = [open(), mmap('m0', 2 * PAGE, at(0)), mmap('m1', PAGE, at(5)), mmap('m2', 2 * PAGE, at(1))];
    expect(yields('lkmc_mmap', ops, { setting })).toBe(
      '0{open} 0{mmap,vm_open} -ENOMEM -ENOMEM{vm_open} end{vm_close,vm_close,release}',
    );
    expect(yields('lkmc_mmap', ops, { setting, series: '6.1' })).toBe(
      '0{open} 0{mmap,vm_open} -ENOMEM -ENOMEM end{vm_close,release}',
    );
  });

  test('RLIMIT_MEMLOCK', () => {
    const lock = { ...at(0), flags: ['locked' as const] };
    const ops = [open(), mmap('m0', PAGE, lock), mmap('m1', 3 * PAGE, { ...lock, ...at(4) }), mlock('m0', PAGE)];
    expect(yields('pages_mmap', ops, { setting: { locked: 2 } })).toBe(
      '0{open} 0{mmap,fault0R} -EAGAIN 0 end{release}',
    );
    expect(yields('pages_mmap', ops, { setting: { locked: 0 } })).toBe(
      '0{open} -EPERM -EPERM none:unbound end{release}',
    );
    const all = (flags: string[]) => act({ op: 'mlockall', flags });
    expect(yields('pages_mmap', [all(['current']), all(['future'])], { setting: { locked: 2 } })).toBe('-ENOMEM 0');
    expect(yields('pages_mmap', [all(['current'])])).toBe('none:unsafe');
  });

  test('max_map_count', () => {
    const ops = [open(), mmap('m0', 3 * PAGE, at(0)), munmap('m0+4096'), p0.madvise('m0', PAGE, 'random')];
    const at1 = { setting: { areas: 1 } };
    expect(yields('lkmc_mmap', ops, at1)).toBe('0{open} 0{mmap,vm_open} -ENOMEM -EAGAIN end{vm_close,release}');
    expect(yields('lkmc_mmap', ops, { ...at1, series: '5.10' })).toContain(' -ENOMEM -ENOMEM ');
  });

  test('RLIMIT_NOFILE, also of what comes through the socket', () => {
    const send = act({ op: 'send', fd: 'd0' });
    const receive = act({ op: 'receive', to: 'd1' });
    const ops = [open(), open('d1'), send, close(), open(), receive, receive];
    expect(yields('lkmc_mmap', ops, { setting: { descriptors: 1 } })).toBe(
      '0{open} -EMFILE 0 0 0{open} -EMFILE{release} -EAGAIN end{release}',
    );
  });
});

describe('descriptors', () => {
  const flagged = (...flags: string[]) => act({ op: 'open', to: 'd1', access: 'rw', flags });
  const nobody = (access: string, ...flags: string[]) => act({ op: 'open', to: 'd1', access, flags, user: 'nobody' });

  test('open', () => {
    const ops = [flagged('directory'), flagged('creat', 'excl'), flagged('direct'), flagged('path'), read(1, 'd1')];
    expect(rest('lkmc_mmap', ops)).toBe('-ENOTDIR -EEXIST -EINVAL{open,release} 1 -EBADF end{release}');
    const asNobody = [nobody('ro'), nobody('rw'), nobody('ro', 'trunc'), nobody('neither'), nobody('ro', 'noatime')];
    expect(rest('lkmc_mmap', asNobody)).toBe('1{open} -EACCES -EACCES -EACCES -EPERM end{release,release}');
    expect(rest('pages_mmap', asNobody)).toContain('-EPERM');
  });

  test('dup2 and dup3', () => {
    const dup2 = (fd: string, onto: string, call: string) => act({ op: 'dup2', fd, onto, to: 'd5', call });
    const ops = [
      open('d1'),
      dup2('d0', 'd0', 'dup2'),
      dup2('d0', 'd0', 'dup3'),
      dup2('d0', 'd1', 'dup2'),
      dup('d6', 'd9'),
    ];
    expect(rest('lkmc_mmap', ops)).toBe('1{open} 0 -EINVAL 1{release} -EBADF end{release}');
  });

  test('a description under way keeps the module, and is released when the program ends', () => {
    const ops = [act({ op: 'send', fd: 'd0' }), close(), act({ op: 'reload' })];
    expect(rest('lkmc_mmap', ops)).toBe('0 0 -EAGAIN end{release}');
    const again = [
      mmap('m0', PAGE, at(0)),
      store('m0', 'x'),
      munmap('m0'),
      close(),
      act({ op: 'reload' }),
      open(),
      read(1),
    ];
    expect(rest('pages_mmap', again)).toContain(` 0{release} 0 0{open} 1'·'{read(1@0)} `);
  });

  test('seeking a proc file is possible in 5.10 only', () => {
    const seek = (offset: number, whence: 'set' | 'end' | 'data') => p0.lseek(offset, whence);
    const ops = [seek(2, 'set'), seek(1, 'end'), seek(0, 'data'), read(4)];
    expect(rest('lkmc_mmap', ops, '5.10')).toBe(`2 1 -ENXIO 3'sdf'{read(4@1)} end{release}`);
    expect(rest('lkmc_mmap', ops)).toBe(`-ESPIPE -ESPIPE -ESPIPE 4'asdf'{read(4@0)} end{release}`);
  });
});
