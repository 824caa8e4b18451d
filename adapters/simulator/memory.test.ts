import { describe, expect, test } from 'vitest';
import type { Operation } from '../../spec/program.ts';
import { actor, type Device, flags, maps, observe, placed, yields } from '../../tools/testing/simulator.ts';

/** Touching, copy-on-write, fork, munmap, mprotect, and what pagemap shows: rows of the measured facts. */

const { open, close, dup, read, write, mmap, munmap, mprotect, load, store, fork, checkpoint } = actor('p0');
const child = actor('p1');
const grandchild = actor('p2');

const PAGE = 4096;
const at = (page: number) => placed('fixed', page * PAGE);
const off = (page: number) => ({ offset: page * PAGE });
const shared = (to: string, page: number, pages = 1, rest = {}) => mmap(to, pages * PAGE, { ...at(page), ...rest });
const privately = (to: string, page: number, pages = 1, rest = {}) => {
  return mmap(to, pages * PAGE, { type: 'private', ...at(page), ...rest });
};

/** What follows `open(); OPS` on both devices; the first word, that of `open`, is left out. */
const ROWS: readonly (readonly [name: string, ops: Operation[], onLkmc: string, onPages: string])[] = [
  [
    'TOUCH basic',
    [shared('m0', 0), load('m0'), load('m0+3'), load('m0+4095'), store('m0+4', 'Z'), load('m0+4'), load(PAGE)],
    `0{mmap,vm_open} 1'a'{fault0R} 1'f' 1'·' 1 1'Z' SIGSEGV/MAPERR@0 end{vm_close,release}`,
    `0{mmap} 1'A'{fault0R} 1'A' 1'·' 1 1'Z' SIGSEGV/MAPERR@0 end{release}`,
  ],
  [
    'TOUCH prot-none',
    [shared('m0', 0, 1, { prot: '---' }), load('m0'), store('m0')],
    '0{mmap,vm_open} SIGSEGV/ACCERR@0 SIGSEGV/ACCERR@0 end{vm_close,release}',
    '0{mmap} SIGSEGV/ACCERR@0 SIGSEGV/ACCERR@0 end{release}',
  ],
  [
    'TOUCH ro-write',
    [shared('m0', 0, 1, { prot: 'r--' }), store('m0'), load('m0'), store('m0')],
    `0{mmap,vm_open} SIGSEGV/ACCERR@0 1'a'{fault0R} SIGSEGV/ACCERR@0 end{vm_close,release}`,
    `0{mmap} SIGSEGV/ACCERR@0 1'A'{fault0R} SIGSEGV/ACCERR@0 end{release}`,
  ],
  [
    'TOUCH wonly-read',
    [shared('m0', 0, 1, { prot: '-w-' }), load('m0'), shared('m1', 1, 1, { prot: '-w-' }), store('m1'), load('m1')],
    `0{mmap,vm_open} 1'a'{fault0R} 1{mmap,vm_open} 1{fault0W} 1'!' end{vm_close,vm_close,release}`,
    `0{mmap} 1'A'{fault0R} 1{mmap} 1{fault0W} 1'!' end{release}`,
  ],
  [
    'TOUCH straddle-end: what was stored before the fault stays',
    [shared('m0', 0), store('m0+4092', 'abcdefgh'), load('m0+4091', 5), load('m0+4090', 8)],
    `0{mmap,vm_open} SIGSEGV/MAPERR@4{fault0W} 5'·abcd' SIGSEGV/MAPERR@6 end{vm_close,release}`,
    `0{mmap} SIGSEGV/MAPERR@4{fault0W} 5'·abcd' SIGSEGV/MAPERR@6 end{release}`,
  ],
  [
    'TOUCH outside',
    [load(-PAGE), load(32 * PAGE), load(31 * PAGE, 8192), load(-17 * PAGE), store('m3'), store(0, 'x', 0)],
    'none:unsafe none:unsafe none:unsafe SIGSEGV/MAPERR@0 none:unbound 0 end{release}',
    'none:unsafe none:unsafe none:unsafe SIGSEGV/MAPERR@0 none:unbound 0 end{release}',
  ],
  [
    'PRIV read-fault-then-write-fault',
    [privately('m0', 0), load('m0'), store('m0'), load('m0'), read(1)],
    `0{mmap,vm_open} 1'a'{fault0R} 1 1'!' 1'a'{read(1@0)} end{vm_close,release}`,
    `0{mmap} 1'A'{fault0R} 1 1'!' 1'A'{read(1@0)} end{release}`,
  ],
  [
    'PRIV shared-write-visible until the copy',
    [
      privately('m0', 0),
      shared('m1', 1),
      load('m0'),
      store('m1', 'S'),
      load('m0'),
      store('m0', 's'),
      load('m1'),
      store('m1', 'T'),
      load('m0'),
    ],
    `0{mmap,vm_open} 1{mmap,vm_open} 1'a'{fault0R} 1{fault0W} 1'S' 1 1'S' 1 1's' end{vm_close,vm_close,release}`,
    `0{mmap} 1{mmap} 1'A'{fault0R} 1{fault0W} 1'S' 1 1'S' 1 1's' end{release}`,
  ],
  [
    'LIFE dup-map: munmap releases what close did not',
    [dup('d1'), shared('m0', 0), close(), close('d1'), load('m0'), munmap('m0')],
    `1 0{mmap,vm_open} 0 0 1'a'{fault0R} 0{vm_close,release}`,
    `1 0{mmap} 0 0 1'A'{fault0R} 0{release}`,
  ],
  [
    'LIFE two releases of one munmap come after all vm_close',
    [open('d1'), shared('m0', 0), shared('m1', 1, 1, { fd: 'd1' }), close(), close('d1'), munmap(0, 2 * PAGE)],
    '1{open} 0{mmap,vm_open} 1{mmap,vm_open} 0 0 0{vm_close,vm_close,release,release}',
    '1{open} 0{mmap} 1{mmap} 0 0 0{release,release}',
  ],
  [
    'LIFE map-survives-close-reopen',
    [shared('m0', 0), store('m0'), close(), open('d1'), shared('m1', 1, 1, { fd: 'd1' }), load('m1'), load('m0')],
    `0{mmap,vm_open} 1{fault0W} 0 0{open} 1{mmap,vm_open} 1'a'{fault0R} 1'!' end{vm_close,vm_close,release,release}`,
    `0{mmap} 1{fault0W} 0 0{open} 1{mmap} 1'!'{fault0R} 1'!' end{release,release}`,
  ],
  [
    'FORK shared-untouched',
    [shared('m0', 0), fork('p1'), child.store('m0', 'C'), child.exit(), load('m0'), child.load('m0')],
    `0{mmap,vm_open} 0{vm_open} 1{fault0W} 0{vm_close} 1'C'{fault0R} none:unbound end{vm_close,release}`,
    `0{mmap} 0 1{fault0W} 0 1'C'{fault0R} none:unbound end{release}`,
  ],
  [
    'FORK private-untouched',
    [write('Z'), privately('m0', 0), fork('p1'), child.load('m0'), child.store('m0'), load('m0')],
    `1{write(1@0)} 0{mmap,vm_open} 0{vm_open} 1'Z'{fault0R} 1 1'Z'{fault0R} end{vm_close,vm_close,release}`,
    `1{write(1@0)} 0{mmap} 0 1'Z'{fault0R} 1 1'Z'{fault0R} end{release}`,
  ],
  [
    'FORK private-touched: both sides keep their copy',
    [privately('m0', 0, 2), store('m0', 'P'), load('m0+4096'), fork('p1'), child.load('m0'), child.store('m0', 'C')],
    `0{mmap,vm_open} 1{fault0W} 1'a'{fault1R} 0{vm_open} 1'P' 1 end{vm_close,vm_close,release}`,
    `0{mmap} 1{fault0W} 1'B'{fault1R} 0 1'P' 1 end{release}`,
  ],
  [
    'FORK a child that exits releases nothing that its parent has',
    [shared('m0', 0), fork('p1'), child.open('d1'), child.mmap('m1', PAGE, { fd: 'd1', ...at(1) }), child.exit()],
    '0{mmap,vm_open} 0{vm_open} 1{open} 1{mmap,vm_open} 0{vm_close,vm_close,release} end{vm_close,release}',
    '0{mmap} 0 1{open} 1{mmap} 0{release} end{release}',
  ],
  [
    'MUNMAP whole',
    [shared('m0', 0), munmap('m0'), munmap('m0')],
    '0{mmap,vm_open} 0{vm_close} 0 end{release}',
    '0{mmap} 0 0 end{release}',
  ],
  [
    'MUNMAP errors',
    [munmap(1), munmap(0, 0), munmap(1, 0), munmap(0, 2 ** 47), munmap(0, -1), munmap(0, '18446744073709551615')],
    '-EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL end{release}',
    '-EINVAL -EINVAL -EINVAL -EINVAL -EINVAL -EINVAL end{release}',
  ],
  [
    'MUNMAP head, tail and middle',
    [shared('m0', 0, 8, { prot: 'r--', fd: 'd0' }), munmap(0), munmap(7 * PAGE), munmap(3 * PAGE)],
    '0{mmap,vm_open} 0{vm_open,vm_close} 0{vm_open,vm_close} 0{vm_open,vm_open,vm_close} end{vm_close,vm_close,release}',
    '-EINVAL{mmap} 0 0 0 end{release}',
  ],
  [
    'MPROT rw-r-rw',
    [shared('m0', 0), store('m0'), mprotect(0, 1, 'r--'), load('m0'), store('m0'), mprotect(0, 1, 'rw-'), store('m0')],
    `0{mmap,vm_open} 1{fault0W} 0 1'!' SIGSEGV/ACCERR@0 0 1 end{vm_close,release}`,
    `0{mmap} 1{fault0W} 0 1'!' SIGSEGV/ACCERR@0 0 1 end{release}`,
  ],
  [
    'MPROT exec',
    [shared('m0', 0), mprotect(0, 1, 'r-x'), privately('m1', 1), mprotect(PAGE, 1, '--x')],
    '0{mmap,vm_open} -EACCES 1{mmap,vm_open} -EACCES end{vm_close,vm_close,release}',
    '0{mmap} 0 1{mmap} 0 end{release}',
  ],
  [
    'MPROT arguments',
    [
      mprotect(1, 1, 'r--'),
      mprotect(0, 0, 'r--'),
      mprotect(1, 0, 'r--'),
      mprotect(0, -1, 'r--'),
      mprotect(0, 1, 'r--'),
    ],
    '-EINVAL 0 -EINVAL -ENOMEM -ENOMEM end{release}',
    '-EINVAL 0 -EINVAL -ENOMEM -ENOMEM end{release}',
  ],
  [
    'MPROT untouched-after-split-touch',
    [shared('m0', 0, 4), mprotect(PAGE, 2 * PAGE, 'r--'), load(0), load(PAGE), load(2 * PAGE), load(3 * PAGE)],
    `0{mmap,vm_open} 0{vm_open,vm_open} 1'a'{fault0R} 1'a'{fault1R} 1'a'{fault2R} 1'a'{fault3R} ` +
      'end{vm_close,vm_close,vm_close,release}',
    `0{mmap} 0 1'A'{fault0R} 1'B'{fault1R} 1'C'{fault2R} 1'D'{fault3R} end{release}`,
  ],
];

for (const [name, ops, onLkmc, onPages] of ROWS) {
  test(name, () => {
    expect(yields('lkmc_mmap', [open(), ...ops])).toBe(`0{open} ${onLkmc}`);
    expect(yields('pages_mmap', [open(), ...ops])).toBe(`0{open} ${onPages}`);
  });
}

describe('layouts of split and merged mappings', () => {
  const mapped = [open(), shared('m0', 0, 4)];
  const priv = [open(), privately('m0', 0, 4)];

  test.each<[string, Operation[], string[], string[]]>([
    ['MUNMAP unaligned-len', [...mapped, munmap(0, 1)], ['1+3 rw-s 1'], ['1+3 rw-s 1']],
    ['MUNMAP middle', [...mapped, munmap(PAGE, 1)], ['0+1 rw-s 0', '2+2 rw-s 2'], ['0+1 rw-s 0', '2+2 rw-s 2']],
    ['MPROT part-head', [...mapped, mprotect(0, 1, 'r--')], ['0+1 r--s 0', '1+3 rw-s 1'], ['0+1 r--s 0', '1+3 rw-s 1']],
    [
      'MPROT part-head and back',
      [...mapped, mprotect(0, 1, 'r--'), mprotect(0, 1, 'rw-')],
      ['0+1 rw-s 0', '1+3 rw-s 1'],
      ['0+4 rw-s 0'],
    ],
    [
      'MPROT priv-part-middle and back',
      [...priv, mprotect(PAGE, 1, 'r--'), mprotect(PAGE, 1, 'rw-')],
      ['0+1 rw-p 0', '1+1 rw-p 1', '2+2 rw-p 2'],
      ['0+4 rw-p 0'],
    ],
    [
      'MPROT growing a neighbour at the border',
      [
        ...mapped,
        mprotect(0, 2 * PAGE, 'r--'),
        mprotect(2 * PAGE, 1, 'r--'),
        mprotect(0, 1, 'rw-'),
        mprotect(PAGE, 1, 'rw-'),
      ],
      ['0+1 rw-s 0', '1+1 rw-s 1', '2+1 r--s 2', '3+1 rw-s 3'],
      ['0+2 rw-s 0', '2+1 r--s 2', '3+1 rw-s 3'],
    ],
    [
      'MPROT stops at a hole, half-done',
      [...mapped, munmap(2 * PAGE), mprotect(PAGE, 3 * PAGE, 'r--')],
      ['0+1 rw-s 0', '1+1 r--s 1', '3+1 rw-s 3'],
      ['0+1 rw-s 0', '1+1 r--s 1', '3+1 rw-s 3'],
    ],
    [
      'MPROT stops at what the file does not allow, half-done',
      [
        open(),
        open('d1', 'ro'),
        shared('m0', 0, 1, { prot: 'r--' }),
        shared('m1', 1, 1, { fd: 'd1', prot: 'r--' }),
        mprotect(0, 8192, 'rw-'),
      ],
      ['0+1 rw-s 0', '1+1 r--s 0'],
      ['0+1 rw-s 0', '1+1 r--s 0'],
    ],
  ])('%s', (_, ops, onLkmc, onPages) => {
    expect(maps('lkmc_mmap', ops)).toEqual(onLkmc);
    expect(maps('pages_mmap', ops)).toEqual(onPages);
  });

  test('a private mapping that was writable once stays accounted', () => {
    const ops = [open(), privately('m0', 0, 1, { prot: 'r--' })];
    expect(flags('pages_mmap', ops)).toEqual(['0+1 r--p 0 rd mr mw me sd']);
    const written = [...ops, mprotect(0, 1, 'rw-'), mprotect(0, 1, 'r--')];
    expect(flags('pages_mmap', written)).toEqual(['0+1 r--p 0 rd mr mw me ac sd']);
  });

  test('mprotect charges what becomes writable, VMA by VMA', () => {
    const big = (pages: number, rest = {}) => mmap('m0', pages * PAGE, { type: 'private', prot: 'r--', ...rest });
    const ops = (rest = {}) => [
      open(),
      big(40_000, rest),
      mprotect('m0', 40_000 * PAGE, 'rw-'),
      mprotect('m0', PAGE, 'rw-'),
    ];
    expect(yields('lkmc_mmap', ops())).toMatch(/^0\{open\} -40016\{mmap,vm_open\} -ENOMEM 0\{vm_open\} /);
    expect(yields('lkmc_mmap', ops({ flags: ['noreserve'] }))).toMatch(/ 0 0 end/);
  });
});

describe('anon_vma decides what merges', () => {
  const halves = [open(), privately('m0', 0, 4), mprotect(2 * PAGE, 2 * PAGE, 'r--')];
  const join = mprotect(2 * PAGE, 2 * PAGE, 'rw-');
  const joined = ['0+4 rw-p 0'];
  const apart = ['0+2 rw-p 0', '2+2 rw-p 2'];

  test.each<[string, Operation[], string[]]>([
    ['no copy at all', [...halves, join], joined],
    ['a copy in the neighbour', [...halves, store(0), join], joined],
    [
      'a copy before the split',
      [open(), privately('m0', 0, 4), store(0), mprotect(2 * PAGE, 8192, 'r--'), join],
      joined,
    ],
    [
      'a copy in the changing part only (6.12)',
      [...halves, mprotect(2 * PAGE, 8192, '-w-'), store(2 * PAGE), join],
      apart,
    ],
    [
      'copies in both, which share',
      [...halves, store(0), mprotect(2 * PAGE, 8192, '-w-'), store(2 * PAGE), join],
      joined,
    ],
  ])('%s', (_, ops, expected) => {
    expect(maps('pages_mmap', ops)).toEqual(expected);
  });

  const outer = [open(), privately('m0', 0), privately('m2', 2, 1, off(2))];
  const fill = privately('m1', 1, 1, off(1));

  test('a mapping that joins two others takes over the copies of the upper one', () => {
    const ops = [...outer, store(2 * PAGE, 'x'), fill, fork('p1'), child.load(2 * PAGE)];
    expect(maps('pages_mmap', ops)).toEqual(['0+3 rw-p 0']);
    expect(yields('pages_mmap', ops)).toMatch(/ 1 0 1'x' end/);
  });

  test('two neighbours with different anon_vmas stay apart', () => {
    const ops = [...outer, store(0), store(2 * PAGE), fill];
    expect(maps('pages_mmap', ops)).toEqual(['0+2 rw-p 0', '2+1 rw-p 2']);
  });

  test('after a fork the parent still merges and the child does not', () => {
    const ops = [...halves, store(0), mprotect(2 * PAGE, 8192, '-w-'), store(2 * PAGE), fork('p1')];
    const both = [...ops, join, child.mprotect(2 * PAGE, 8192, 'rw-')];
    expect(maps('pages_mmap', both)).toEqual(joined);
    expect(maps('pages_mmap', both, 'p1')).toEqual(apart);
  });

  test('a child whose chain is long does not take in a mapping without copies', () => {
    const ops = [
      open(),
      privately('m0', 0, 2),
      store(0),
      fork('p1'),
      child.mmap('m1', 8192, { type: 'private', ...at(2), ...off(2) }),
    ];
    expect(maps('pages_mmap', ops, 'p1')).toEqual(['0+2 rw-p 0', '2+2 rw-p 2']);
    expect(yields('pages_mmap', ops)).toBe('0{open} 0{mmap} 1{fault0W} 0 2{mmap} end{release}');
  });

  test('generations of processes neither lose nor mix pages', () => {
    const ops = [
      open(),
      privately('m0', 0),
      store(0, 'a'),
      fork('p1'),
      child.fork('p2'),
      child.store(0, 'b'),
      child.exit(),
      grandchild.fork('p3'),
      grandchild.store(0, 'c'),
      actor('p3').load(0),
      grandchild.load(0),
      load(0),
    ];
    expect(yields('pages_mmap', ops)).toMatch(/ 1'a' 1'c' 1'a' end/);
  });
});

describe('frames', () => {
  const framesOf = (device: Device, ops: Operation[]) => observe(device, ops).steps.map((step) => step.frames);
  const last = (device: Device, ops: Operation[]) => framesOf(device, ops).findLast((frames) => frames !== undefined);

  test('MAPS shared-rw, PM protnone-after: present, file, exclusive, soft-dirty', () => {
    const ops = [open(), shared('m0', 0, 2), load(0), mprotect(0, 1, '---'), checkpoint(), munmap(0)];
    expect(framesOf('pages_mmap', ops)).toEqual([undefined, undefined, { p0: '0:0FXD' }, undefined, undefined, {}]);
  });

  test('PM shared-vs-private', () => {
    const ops = [open(), shared('m0', 0), privately('m1', 1), load(0), load(PAGE)];
    for (const device of ['lkmc_mmap', 'pages_mmap'] as const) {
      expect(last(device, ops)).toEqual({ p0: '0:0FD 1:0FD' });
      expect(last(device, [...ops, store(PAGE)])).toEqual({ p0: '0:0FXD 1:1XD' });
    }
  });

  test('PM parent-child', () => {
    const ops = [open(), shared('m0', 0), privately('m1', 1), store(0), store(PAGE), fork('p1')];
    for (const device of ['lkmc_mmap', 'pages_mmap'] as const) {
      expect(last(device, ops)).toEqual({ p0: '0:0FXD 1:1D', p1: '1:1D' });
      expect(last(device, [...ops, child.load(0)])).toEqual({ p0: '0:0FD 1:1D', p1: '0:0FD 1:1D' });
      expect(last(device, [...ops, child.store(PAGE)])).toEqual({ p0: '0:0FXD 1:1XD', p1: '1:2XD' });
      expect(last(device, [...ops, child.exit()])).toEqual({ p0: '0:0FXD 1:1XD' });
    }
  });

  test('a fork copies the driver’s pages of a mapping with a private copy, and only of such a one', () => {
    const ops = [open(), privately('m0', 0, 2), load(PAGE)];
    expect(last('pages_mmap', [...ops, fork('p1')])).toEqual({ p0: '1:0FXD' });
    expect(last('pages_mmap', [...ops, store(0), fork('p1')])).toEqual({ p0: '0:0D 1:1FD', p1: '0:0D 1:1FD' });
  });

  test('every page of one description of lkmc_mmap is one frame, every open has its own', () => {
    const ops = [
      open(),
      open('d1'),
      shared('m0', 0, 2),
      shared('m1', 2, 1, { fd: 'd1' }),
      load(PAGE),
      load(0),
      load(2 * PAGE),
    ];
    expect(last('lkmc_mmap', ops)).toEqual({ p0: '0:0FD 1:0FD 2:1FXD' });
    expect(last('pages_mmap', ops)).toEqual({ p0: '0:0FD 1:1FXD 2:0FD' });
  });

  test('the zone is not listed', () => {
    const ops = [open(), mmap('m0', PAGE, placed('fixed', -17 * PAGE)), store('m0')];
    expect(last('pages_mmap', ops)).toBeUndefined();
  });
});

test('the scenario of the original module', () => {
  const ops = [
    open(),
    mmap('m0'),
    mmap('m1'),
    load('m0', 4),
    load('m1', 4),
    store('m0', 'qwer'),
    load('m1', 4),
    read(4),
    write('zxcv'),
    load('m0', 4),
    load('m1', 4),
    munmap('m0'),
    munmap('m1'),
    close(),
  ];
  expect(yields('lkmc_mmap', ops)).toBe(
    `0{open} 31{mmap,vm_open} 30{mmap,vm_open} 4'asdf'{fault0R} 4'asdf'{fault0R} 4 4'qwer' 4'qwer'{read(4@0)} ` +
      `4{write(4@4)} 4'zxcv' 4'zxcv' 0{vm_close} 0{vm_close} 0{release}`,
  );
});
