import { describe, expect, test } from 'vitest';
import type { MeasuredSeries } from '../../spec/kernel.ts';
import type { Operation } from '../../spec/program.ts';
import { actor, type Device, flags, maps, observe, placed, yields } from '../../tools/testing/simulator.ts';

/** madvise, msync, mlock, mincore, clear_refs: rows of the measured facts, and what the kernels do differently. */

const { open, mmap, load, store, fork, madvise, msync, mlock, munlock, mincore, clearRefs, mprotect } = actor('p0');

const PAGE = 4096;
const at = (page: number) => placed('fixed', page * PAGE);
const privately = { type: 'private' as const };
const all = 3 * PAGE;

function rest(device: Device, ops: Operation[], series: MeasuredSeries = '6.12'): string {
  return yields(device, [open(), ...ops], { series }).replace('0{open} ', '');
}

describe('madvise', () => {
  test.each<[string, string, string]>([
    ['normal', '0', '0'],
    ['random', '0', '0'],
    ['willneed', '0', '0'],
    ['free', '-EINVAL', '-EINVAL'],
    ['remove', '-EOPNOTSUPP', '-ENODEV'],
    ['unmergeable', '0', '0'],
    ['nohugepage', '0', '0'],
    ['dontdump', '0', '0'],
    ['dodump', '-EINVAL', '0'],
    ['wipeonfork', '-EINVAL', '-EINVAL'],
    ['keeponfork', '0', '0'],
    ['cold', '0', '0'],
    ['pageout', '0', '0'],
    ['collapse', '-EINVAL', '-EINVAL'],
    ['hwpoison', '-EPERM', '-EPERM'],
    ['guard_remove', '-EINVAL', '-EINVAL'],
    ['unknown', '-EINVAL', '-EINVAL'],
  ])('shared %s', (advice, onLkmc, onPages) => {
    const advise = madvise('m0', all, advice as 'normal');
    const word = (device: Device) => rest(device, [mmap('m0', all, at(0)), advise]).split(' ')[1];
    expect(word('lkmc_mmap')).toBe(onLkmc);
    expect(word('pages_mmap')).toBe(onPages);
  });

  test('what is kept in the flags splits, and merges again', () => {
    const ops = [open(), mmap('m0', all, at(0)), madvise('m0+4096', PAGE, 'random')];
    expect(flags('pages_mmap', ops)[1]).toBe('1+1 rw-s 1 rd wr sh mr mw me ms rr sd');
    expect(maps('pages_mmap', [...ops, madvise('m0+4096', PAGE, 'normal')])).toEqual(['0+3 rw-s 0']);
    expect(maps('lkmc_mmap', [...ops, madvise('m0+4096', PAGE, 'normal')])).toHaveLength(3);
    const marked = [open(), mmap('m0', PAGE, { ...at(0), ...privately }), madvise('m0', PAGE, 'mergeable')];
    expect(flags('pages_mmap', marked)).toEqual(['0+1 rw-p 0 rd wr mr mw me ac sd mg']);
  });

  test('dontneed takes private copies away, does its work around a hole, and spares what is locked', () => {
    const ops = [
      mmap('m0', PAGE, { ...at(0), ...privately }),
      mmap('m1', PAGE, { ...at(2), ...privately }),
      store('m0'),
      store('m1'),
      madvise('m0', all, 'dontneed'),
      load('m0'),
      load('m1'),
    ];
    expect(rest('pages_mmap', ops)).toBe(
      `0{mmap} 2{mmap} 1{fault0W} 1{fault0W} -ENOMEM 1'A'{fault0R} 1'A'{fault0R} end{release}`,
    );
    const locked = [mmap('m0', PAGE, at(0)), mlock('m0', PAGE), madvise('m0', PAGE, 'dontneed')];
    expect(rest('pages_mmap', locked)).toBe('0{mmap} 0{fault0R} -EINVAL end{release}');
  });

  test('populate asks for each page, and tells wrong mappings, holes and failed faults apart', () => {
    const readOnly = mmap('m0', all, { ...at(0), prot: 'r--' });
    expect(rest('lkmc_mmap', [readOnly, madvise('m0', all, 'populate_read')])).toContain(
      ' 0{fault0R,fault1R,fault2R} ',
    );
    expect(rest('lkmc_mmap', [readOnly, madvise('m0', all, 'populate_write')])).toContain(' -EINVAL ');
    expect(rest('lkmc_mmap', [readOnly, madvise('m0', 4 * PAGE, 'populate_read')])).toContain(' -ENOMEM{fault0R,');
    expect(rest('lkmc_mmap', [readOnly, madvise('m0', all, 'populate_read')], '5.10')).toContain(' -EINVAL ');
  });

  test('a guard region faults, is seen, survives fork and dontneed, and can be removed', () => {
    const ops = [
      open(),
      mmap('m0', all, { ...at(0), ...privately }),
      store('m0+4096'),
      madvise('m0', 2 * PAGE, 'guard_install'),
      fork('p1'),
      actor('p1').load('m0'),
      madvise('m0', all, 'dontneed'),
      load('m0'),
      madvise('m0', all, 'guard_remove'),
      load('m0'),
    ];
    expect(yields('pages_mmap', ops, { series: '7.3' })).toBe(
      `0{open} 0{mmap} 1{fault1W} 0 0 SIGSEGV/MAPERR@0 0 SIGSEGV/MAPERR@0 0 1'A'{fault0R} end{release}`,
    );
    expect(observe('pages_mmap', ops, { series: '7.3' }).steps[4]?.frames).toEqual({ p0: '0:G 1:G', p1: '0:G 1:G' });
    expect(flags('pages_mmap', ops, 'p0', { series: '7.3' })).toEqual(['0+3 rw-p 0 rd wr mr mw me gu ac sd']);
  });
});

describe('msync', () => {
  test('fails without fsync, and tells holes late or at once', () => {
    const ops = [
      mmap('m0', PAGE, at(0)),
      msync('m0', PAGE, ['sync']),
      msync('m0', PAGE, ['async']),
      msync('m0', 2 * PAGE, ['async']),
      msync('m0', 2 * PAGE, ['sync']),
      msync(8 * PAGE, PAGE, ['sync']),
      msync(8 * PAGE, 0, ['sync']),
      msync('m0', PAGE, ['sync', 'async']),
    ];
    expect(rest('pages_mmap', ops)).toBe('0{mmap} -EINVAL 0 -ENOMEM -EINVAL -ENOMEM 0 -EINVAL end{release}');
  });

  test('invalidation of what is locked', () => {
    const ops = [mmap('m0', PAGE, at(0)), mlock('m0', PAGE), msync('m0', PAGE, ['invalidate'])];
    expect(rest('lkmc_mmap', ops)).toContain(' 0{fault0R} 0 ');
    expect(rest('pages_mmap', ops)).toContain(' 0{fault0R} -EBUSY ');
  });
});

describe('mlock', () => {
  test('brings in pages, and locks all but special mappings', () => {
    const ops = [mmap('m0', all, { ...at(0), prot: 'r--', ...privately }), mlock('m0', all)];
    expect(rest('lkmc_mmap', ops)).toContain(' 0{fault0R,fault1R,fault2R} ');
    expect(flags('pages_mmap', [open(), ...ops])).toEqual(['0+3 r--p 0 rd mr mw me lo sd']);
    expect(flags('lkmc_mmap', [open(), ...ops])).toEqual(['0+3 r--p 0 rd mr mw de dd sd']);
  });

  test('what cannot be accessed is locked, and told', () => {
    const ops = [mmap('m0', PAGE, { ...at(0), prot: '---' }), mlock('m0', PAGE)];
    expect(rest('pages_mmap', ops)).toBe('0{mmap} -ENOMEM end{release}');
    expect(flags('pages_mmap', [open(), ...ops])).toEqual(['0+1 ---s 0 sh mr mw me ms lo sd']);
  });

  test('a part splits and merges again; an address is rounded down', () => {
    const part = [open(), mmap('m0', all, at(0)), mlock('m0+4097', 1)];
    expect(maps('pages_mmap', part)).toEqual(['0+1 rw-s 0', '1+1 rw-s 1', '2+1 rw-s 2']);
    expect(maps('pages_mmap', [...part, munlock('m0+4096', PAGE)])).toEqual(['0+3 rw-s 0']);
  });

  test('on fault only, whose flag older kernels have no name for', () => {
    const ops = [open(), mmap('m0', PAGE, at(0)), mlock('m0', PAGE, ['onfault'])];
    expect(flags('pages_mmap', ops)).toEqual(['0+1 rw-s 0 rd wr sh mr mw me ms lo lf sd']);
    expect(flags('pages_mmap', ops, 'p0', { series: '6.1' })).toEqual(['0+1 rw-s 0 rd wr sh mr mw me ms lo ?? sd']);
  });

  test('locked private pages are copied as soon as they may be written', () => {
    const ops = [
      mmap('m0', PAGE, { ...at(0), ...privately, prot: 'r--' }),
      mlock('m0', PAGE),
      mprotect('m0', PAGE, 'rw-'),
    ];
    const { steps } = observe('pages_mmap', [open(), ...ops]);
    expect(steps.at(-1)?.frames).toEqual({ p0: '0:0XD' });
  });
});

test('mincore sees the page table only', () => {
  const ops = [
    mmap('m0', all, at(0)),
    load('m0+4096'),
    mincore('m0', all),
    mincore('m0', 4 * PAGE),
    mincore('m0+1', 1),
  ];
  const { steps } = observe('pages_mmap', [open(), ...ops]);
  expect(steps.slice(3).map(({ outcome }) => outcome)).toEqual([
    { ret: 0, data: '000100' },
    { errno: 'ENOMEM' },
    { errno: 'EINVAL' },
  ]);
});

test('clear_refs forgets writes, and the next write to each page is noticed', () => {
  const ops = [open(), mmap('m0', PAGE, at(0)), store('m0'), clearRefs(), load('m0'), store('m0')];
  const frames = observe('pages_mmap', ops).steps.map((step) => step.frames?.['p0']);
  expect(frames.slice(2)).toEqual(['0:0FXD', '0:0FX', undefined, '0:0FXD']);
});
