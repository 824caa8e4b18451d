import { describe, expect, test } from 'vitest';
import type { MeasuredSeries } from '../../spec/kernel.ts';
import type { Operation } from '../../spec/program.ts';
import { actor, type Device, flags, maps, observe, place, placed, yields } from '../../tools/testing/simulator.ts';

/** mremap: rows of the measured facts, and what the kernels do differently. */

const { open, close, mmap, mremap, load, store, mlock, munmap, fork } = actor('p0');

const PAGE = 4096;
const at = (page: number) => placed('fixed', page * PAGE);
const to = (page: number) => ({ flags: ['maymove' as const, 'fixed' as const], place: place(page * PAGE) });
const privately = { type: 'private' as const };

function rest(device: Device, ops: Operation[], series?: MeasuredSeries): string {
  return yields(device, [open(), ...ops], series === undefined ? {} : { series }).replace('0{open} ', '');
}

test.each<[string, Operation[], string, string]>([
  [
    'grow-maymove-free',
    [mmap('m0', PAGE, at(2)), mremap('m0', PAGE, 3 * PAGE, { flags: ['maymove'] })],
    '2{mmap,vm_open} -EFAULT end{vm_close,release}',
    '2{mmap} 2 end{release}',
  ],
  [
    'fixed-move',
    [mmap('m0', 2 * PAGE, at(0)), store('m0', '0'), mremap('m0', 2 * PAGE, 2 * PAGE, to(5)), load('m0'), load('m9')],
    `0{mmap,vm_open} 1{fault0W} 5{vm_open,vm_close} SIGSEGV/MAPERR@0 1'0' end{vm_close,release}`,
    `0{mmap} 1{fault0W} 5 SIGSEGV/MAPERR@0 1'0' end{release}`,
  ],
  [
    'fixed-move-private-cow',
    [
      mmap('m0', 2 * PAGE, { ...at(0), ...privately }),
      store('m0'),
      mremap('m0', 2 * PAGE, 2 * PAGE, to(5)),
      load('m9'),
      load('m9+4096'),
    ],
    `0{mmap,vm_open} 1{fault0W} 5{vm_open,vm_close} 1'!' 1'a'{fault1R} end{vm_close,release}`,
    `0{mmap} 1{fault0W} 5 1'!' 1'B'{fault1R} end{release}`,
  ],
  [
    'errors',
    [
      mmap('m0', 2 * PAGE, at(0)),
      mremap('m0', PAGE, PAGE, { flags: ['fixed'], place: place(8 * PAGE) }),
      mremap('m0', PAGE, PAGE, { flags: ['unknown'] }),
      mremap('m0+1', PAGE, PAGE),
      mremap('m0', PAGE, PAGE, { ...to(8), place: place(8 * PAGE + 1) }),
      mremap('m0', PAGE, 0),
      mremap('m0', PAGE, PAGE, to(0)),
      mremap('m0', 2 * PAGE, 2 * PAGE, to(1)),
      mremap(8 * PAGE, PAGE, PAGE),
    ],
    '0{mmap,vm_open} -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EFAULT end{vm_close,release}',
    '0{mmap} -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EFAULT end{release}',
  ],
  [
    'oldsize-exceeds',
    [
      mmap('m0', 2 * PAGE, at(0)),
      mremap('m0', 3 * PAGE, 4 * PAGE, { flags: ['maymove'] }),
      mremap('m0', 3 * PAGE, 3 * PAGE),
      mremap('m0', 3 * PAGE, PAGE),
    ],
    '0{mmap,vm_open} -EFAULT 0 0{vm_open,vm_close} end{vm_close,release}',
    '0{mmap} -EFAULT 0 0 end{release}',
  ],
  [
    'old0-shared',
    [
      mmap('m0', 2 * PAGE, at(20)),
      store('m0', '0'),
      mremap('m0', 0, 2 * PAGE, { flags: ['maymove'] }),
      load('m9'),
      mremap('m0', 0, 2 * PAGE),
    ],
    '20{mmap,vm_open} 1{fault0W} -EFAULT none:unbound -EFAULT end{vm_close,release}',
    `20{mmap} 1{fault0W} 30 1'0'{fault0R} -ENOMEM end{release}`,
  ],
  [
    'old0-private',
    [mmap('m0', PAGE, { ...at(0), ...privately }), mremap('m0', 0, 2 * PAGE, { flags: ['maymove'] })],
    '0{mmap,vm_open} -EINVAL end{vm_close,release}',
    '0{mmap} -EINVAL end{release}',
  ],
  [
    'dontunmap-shared',
    [
      mmap('m0', 2 * PAGE, at(20)),
      store('m0', '0'),
      mremap('m0', 2 * PAGE, 2 * PAGE, { flags: ['maymove', 'dontunmap'] }),
      load('m9'),
      load('m0'),
    ],
    `20{mmap,vm_open} 1{fault0W} -EINVAL none:unbound 1'0' end{vm_close,release}`,
    `20{mmap} 1{fault0W} 30 1'0' 1'0'{fault0R} end{release}`,
  ],
  [
    'move-then-close-order',
    [mmap('m0', PAGE, at(0)), close(), mremap('m0', PAGE, PAGE, to(5)), munmap('m9')],
    '0{mmap,vm_open} 0 5{vm_open,vm_close} 0{vm_close,release}',
    '0{mmap} 0 5 0{release}',
  ],
])('%s', (_, ops, onLkmc, onPages) => {
  expect(rest('lkmc_mmap', ops)).toBe(onLkmc);
  expect(rest('pages_mmap', ops)).toBe(onPages);
});

describe('layout', () => {
  test('a part that moves keeps its offset, and may merge where it arrives', () => {
    const ops = [open(), mmap('m0', 3 * PAGE, at(0))];
    expect(maps('lkmc_mmap', [...ops, mremap('m0+8192', PAGE, PAGE, to(5))])).toEqual(['0+2 rw-s 0', '5+1 rw-s 2']);
    const apart = [open(), mmap('m0', PAGE, at(0)), mmap('m1', PAGE, { ...at(9), offset: PAGE })];
    expect(maps('pages_mmap', [...apart, mremap('m1', PAGE, PAGE, to(1))])).toEqual(['0+2 rw-s 0']);
  });

  test('what grows swallows the neighbour that goes on, but not in 5.10', () => {
    const ops = [
      open(),
      mmap('m0', PAGE, at(0)),
      mmap('m1', PAGE, { ...at(2), offset: 2 * PAGE }),
      mremap('m0', PAGE, 2 * PAGE),
    ];
    expect(maps('pages_mmap', ops)).toEqual(['0+3 rw-s 0']);
    expect(maps('pages_mmap', ops, 'p0', { series: '5.10' })).toEqual(['0+2 rw-s 0', '2+1 rw-s 2']);
  });

  test('a locked mapping that stays behind is locked no more, and what it grows by is brought in', () => {
    const locked = [open(), mmap('m0', 2 * PAGE, at(20)), mlock('m0', 2 * PAGE)];
    const stay = mremap('m0', PAGE, PAGE, { flags: ['maymove', 'dontunmap'] });
    expect(flags('pages_mmap', [...locked, stay])).toEqual([
      '20+1 rw-s 0 rd wr sh mr mw me ms sd',
      '21+1 rw-s 1 rd wr sh mr mw me ms lo sd',
      '31+1 rw-s 0 rd wr sh mr mw me ms lo sd',
    ]);
    const { steps } = observe('pages_mmap', [...locked, mremap('m0', 2 * PAGE, 4 * PAGE)]);
    expect(steps.at(-1)?.callbacks).toEqual(['vm_fault pgoff=2 write=0', 'vm_fault pgoff=3 write=0']);
  });

  test('pages that have moved are soft-dirty', () => {
    const { clearRefs } = actor('p0');
    const ops = [open(), mmap('m0', PAGE, at(0)), load('m0'), clearRefs(), mremap('m0', PAGE, PAGE, to(5))];
    expect(observe('pages_mmap', ops).steps.at(-1)?.frames).toEqual({ p0: '5:0FXD' });
  });
});

describe('kernels', () => {
  test('5.10 unmaps a tail of nothing, and keeps nothing but anonymous mappings', () => {
    expect(rest('pages_mmap', [mremap(0, 2 * PAGE, PAGE), mremap(0, PAGE, PAGE)], '5.10')).toBe('0 0 end{release}');
    const ops = [mmap('m0', PAGE, at(0)), mremap('m0', PAGE, PAGE, { flags: ['maymove', 'dontunmap'] })];
    expect(rest('pages_mmap', ops, '5.10')).toBe('0{mmap} -EINVAL end{release}');
  });

  test('what cannot grow has unmapped its target before, but not in 7.3', () => {
    const ops = [mmap('m0', PAGE, at(0)), mmap('m1', 3 * PAGE, at(6)), mremap('m0', PAGE, 2 * PAGE, to(6))];
    expect(rest('lkmc_mmap', ops, '6.12')).toContain('-EFAULT{vm_open,vm_close}');
    expect(rest('lkmc_mmap', ops, '7.3')).toContain(' -EFAULT end');
  });

  test('7.3 moves several mappings at once, and no private page of another place is taken for a neighbour', () => {
    const two = [mmap('m0', PAGE, at(0)), mmap('m1', PAGE, { ...at(2), offset: PAGE })];
    const move = mremap('m0', 3 * PAGE, 3 * PAGE, to(10));
    expect(rest('pages_mmap', [...two, move], '6.12')).toBe('0{mmap} 2{mmap} -EFAULT end{release}');
    expect(maps('pages_mmap', [open(), ...two, move], 'p0', { series: '7.3' })).toEqual(['10+1 rw-s 0', '12+1 rw-s 1']);

    const written = [
      open(),
      mmap('m0', PAGE, { ...at(0), ...privately }),
      mmap('m1', PAGE, { ...at(9), ...privately, offset: PAGE }),
      store('m1'),
      mremap('m1', PAGE, PAGE, to(1)),
    ];
    expect(maps('pages_mmap', written, 'p0', { series: '7.3' })).toEqual(['0+1 rw-p 0', '1+1 rw-p 1']);
  });

  test('7.3 keeps a forked mapping apart, too', () => {
    const ops = [open(), mmap('m0', 2 * PAGE, { ...at(0), ...privately }), store('m0'), fork('p1')];
    expect(maps('pages_mmap', ops, 'p1', { series: '7.3' })).toEqual(['0+2 rw-p 0']);
  });
});
