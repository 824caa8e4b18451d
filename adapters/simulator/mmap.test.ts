import { describe, expect, test } from 'vitest';
import type { Operation } from '../../spec/program.ts';
import { actor, flags, maps, placed, yields } from '../../tools/testing/simulator.ts';

/** mmap: arguments, precedence of errors, access modes, placement and merging. Rows of the measured facts. */

const { open, close, mmap, munmap, mprotect, load, store, fork } = actor('p0');
const child = actor('p1');

const HUGE = 2 ** 47;
const NEARLY_2_64 = '18446744073709551615';

/** One mmap on a fresh description, read-write unless said otherwise. */
const ONE: readonly (readonly [name: string, op: Operation, onLkmc: string, onPages: string, access?: 'ro' | 'wo'])[] =
  [
    ['len1', mmap('m0', 1), '31{mmap,vm_open}', '31{mmap}'],
    ['len4097', mmap('m0', 4097), '30{mmap,vm_open}', '30{mmap}'],
    ['4pages', mmap('m0', 16_384), '28{mmap,vm_open}', '28{mmap}'],
    ['4pages+1', mmap('m0', 16_385), '27{mmap,vm_open}', '-EINVAL{mmap}'],
    ['1MiB, in the zone', mmap('m0', 2 ** 20), '-272{mmap,vm_open}', '-EINVAL{mmap}'],
    [
      'len1TiB-privRW-noreserve',
      mmap('m0', 2 ** 40, { type: 'private', flags: ['noreserve'] }),
      '-268435472{mmap,vm_open}',
      '-EINVAL{mmap}',
    ],
    ['len1TiB-privRW', mmap('m0', 2 ** 40, { type: 'private' }), '-ENOMEM', '-ENOMEM'],
    [
      'len1TiB-privR',
      mmap('m0', 2 ** 40, { type: 'private', prot: 'r--' }),
      '-268435472{mmap,vm_open}',
      '-EINVAL{mmap}',
    ],
    ['off3p', mmap('m0', 1, { offset: 12_288 }), '31{mmap,vm_open}', '31{mmap}'],
    ['off3p-len2p', mmap('m0', 8192, { offset: 12_288 }), '30{mmap,vm_open}', '-EINVAL{mmap}'],
    ['off-8192-len3p', mmap('m0', 12_288, { offset: -8192 }), '-EOVERFLOW', '-EOVERFLOW'],
    ['offset 2^63', mmap('m0', 1, { offset: '9223372036854775808' }), '-EOVERFLOW', '-EINVAL{mmap}'],
    ['offset 2^63 - 2 pages', mmap('m0', 1, { offset: '9223372036854767616' }), '31{mmap,vm_open}', '-EINVAL{mmap}'],
    ['off-1', mmap('m0', 1, { offset: -1 }), '-EINVAL', '-EINVAL'],
    ['len0', mmap('m0', 0), '-EINVAL', '-EINVAL'],
    ['len-1', mmap('m0', -1), '-ENOMEM', '-ENOMEM'],
    ['flags-type15', mmap('m0', 1, { type: 'both-bits-and-more' }), '-EINVAL', '-EINVAL'],
    ['validate+unk', mmap('m0', 1, { type: 'validate', flags: ['unknown'] }), '-EOPNOTSUPP', '-EOPNOTSUPP'],
    ['shared+unk', mmap('m0', 1, { flags: ['unknown'] }), '31{mmap,vm_open}', '31{mmap}'],
    ['private+unk', mmap('m0', 1, { type: 'private', flags: ['unknown'] }), '31{mmap,vm_open}', '31{mmap}'],
    ['hint-unaligned', mmap('m0', 1, placed('hint', 8193)), '2{mmap,vm_open}', '2{mmap}'],
    ['fixed-unaligned', mmap('m0', 1, placed('fixed', 8193)), '-EINVAL', '-EINVAL'],
    ['noreplace-free', mmap('m0', 1, placed('noreplace', 8192)), '2{mmap,vm_open}', '2{mmap}'],
    ['noreplace-unaligned', mmap('m0', 1, placed('noreplace', 8191)), '-EINVAL', '-EINVAL'],
    ['2:unaligned-off+badfd', mmap('m0', 1, { offset: 1, fd: 'd5' }), '-EINVAL', '-EINVAL'],
    ['2:flags0+badfd', mmap('m0', 1, { type: 'none', fd: 'd5' }), '-EBADF', '-EBADF'],
    ['2:hugelen+badfd', mmap('m0', HUGE, { fd: 'd5' }), '-EBADF', '-EBADF'],
    ['2:wronly+flags0', mmap('m0', 1, { type: 'none' }), '-EINVAL', '-EINVAL', 'wo'],
    ['2:rdonly+protW+hugelen', mmap('m0', HUGE), '-ENOMEM', '-ENOMEM', 'ro'],
    ['2:rdonly+protW+len-1', mmap('m0', NEARLY_2_64), '-ENOMEM', '-ENOMEM', 'ro'],
    ['2:rdonly+protW+offovf', mmap('m0', 12_288, { offset: -8192 }), '-EOVERFLOW', '-EOVERFLOW', 'ro'],
    ['2:rdonly+protW+5pages', mmap('m0', 20_480), '-EACCES', '-EACCES', 'ro'],
    [
      '2:rdonly+protW+validate+unk',
      mmap('m0', 1, { type: 'validate', flags: ['unknown'] }),
      '-EOPNOTSUPP',
      '-EOPNOTSUPP',
      'ro',
    ],
    [
      '2:wronly+validate+unk',
      mmap('m0', 1, { type: 'validate', flags: ['unknown'] }),
      '-EOPNOTSUPP',
      '-EOPNOTSUPP',
      'wo',
    ],
    ['2:flags0+hugelen', mmap('m0', HUGE, { type: 'none' }), '-ENOMEM', '-ENOMEM'],
    ['2:flags0+offovf', mmap('m0', 12_288, { type: 'none', offset: -8192 }), '-EOVERFLOW', '-EOVERFLOW'],
    ['2:flags0+exec', mmap('m0', 1, { type: 'none', prot: '--x' }), '-EINVAL', '-EINVAL'],
    ['2:exec+wronly', mmap('m0', 1, { prot: '--x' }), '-EACCES', '-EACCES', 'wo'],
    ['2:exec+5pages', mmap('m0', 20_480, { prot: '--x' }), '-EPERM', '-EINVAL{mmap}'],
    ['2:fixed-unaligned+5pages', mmap('m0', 20_480, placed('fixed', 1)), '-EINVAL', '-EINVAL'],
    ['2:fixed-unaligned+hugelen', mmap('m0', HUGE, placed('fixed', 1)), '-ENOMEM', '-ENOMEM'],
    ['2:fixed-unaligned+offovf', mmap('m0', 12_288, { offset: -8192, ...placed('fixed', 1) }), '-EINVAL', '-EINVAL'],
    ['2:hugelen+offovf', mmap('m0', HUGE, { offset: -8192 }), '-ENOMEM', '-ENOMEM'],
    ['rdonly private writable', mmap('m0', 1, { type: 'private' }), '31{mmap,vm_open}', '31{mmap}', 'ro'],
    ['wronly private none', mmap('m0', 1, { type: 'private', prot: '---' }), '-EACCES', '-EACCES', 'wo'],
    ['outside the arena', mmap('m0', 8192, placed('fixed', 31 * 4096)), 'none:unsafe', 'none:unsafe'],
    ['in the guard', mmap('m0', 4096, placed('hint', -4096)), 'none:unsafe', 'none:unsafe'],
    ['in the zone', mmap('m0', 4096, placed('hint', -17 * 4096)), '-17{mmap,vm_open}', '-17{mmap}'],
    ['at an unbound mapping', mmap('m0', 4096, placed('hint', 'm7')), 'none:unbound', 'none:unbound'],
  ];

describe('one mmap', () => {
  for (const [name, op, onLkmc, onPages, access = 'rw'] of ONE) {
    test(`MMAP ${name}`, () => {
      for (const [device, expected] of [['lkmc_mmap', onLkmc] as const, ['pages_mmap', onPages] as const]) {
        expect(yields(device, [open('d0', access), op]).split(' ')[1], device).toBe(expected);
      }
    });
  }
});

/** Permissions and VmFlags by access mode, type and protection. */
const MMACC: readonly (readonly [
  access: 'ro' | 'rw',
  type: 'private' | 'validate' | 'shared',
  string,
  string,
  string,
])[] = [
  ['ro', 'private', '---', '---p 0 mr mw de dd sd', '---p 0 mr mw me sd'],
  ['ro', 'private', 'r--', 'r--p 0 rd mr mw de dd sd', 'r--p 0 rd mr mw me sd'],
  ['ro', 'private', '-w-', '-w-p 0 wr mr mw de ac dd sd', '-w-p 0 wr mr mw me ac sd'],
  ['ro', 'private', 'rw-', 'rw-p 0 rd wr mr mw de ac dd sd', 'rw-p 0 rd wr mr mw me ac sd'],
  ['ro', 'private', 'r-x', '-EPERM', 'r-xp 0 rd ex mr mw me sd'],
  ['ro', 'validate', '---', '---s 0 mr ms de dd sd', '---s 0 mr me ms sd'],
  ['ro', 'validate', 'r--', 'r--s 0 rd mr ms de dd sd', 'r--s 0 rd mr me ms sd'],
  ['rw', 'shared', '-w-', '-w-s 0 wr sh mr mw ms de dd sd', '-w-s 0 wr sh mr mw me ms sd'],
  ['rw', 'shared', '--x', '-EPERM', '--xs 0 ex sh mr mw me ms sd'],
  ['rw', 'validate', 'rw-', 'rw-s 0 rd wr sh mr mw ms de dd sd', 'rw-s 0 rd wr sh mr mw me ms sd'],
  ['rw', 'private', 'rwx', '-EPERM', 'rwxp 0 rd wr ex mr mw me ac sd'],
];

test.each(MMACC)('MMACC %s %s %s', (access, type, prot, onLkmc, onPages) => {
  const ops = [open('d0', access), mmap('m0', 4096, { type, prot, ...placed('fixed', 0) })];
  for (const [device, expected] of [['lkmc_mmap', onLkmc] as const, ['pages_mmap', onPages] as const]) {
    const layout = flags(device, ops)[0];
    expect(layout === undefined ? yields(device, ops).split(' ')[1] : layout.replace('0+1 ', '')).toBe(expected);
  }
});

test('noreserve leaves its own flag and no account', () => {
  const ops = [open(), mmap('m0', 4096, { type: 'private', flags: ['noreserve'], ...placed('fixed', 0) })];
  expect(flags('pages_mmap', ops)).toEqual(['0+1 rw-p 0 rd wr mr mw me nr sd']);
});

const at = (page: number) => placed('fixed', page * 4096);
const off = (page: number) => ({ offset: page * 4096 });

describe('what is in the way', () => {
  test('MMAP fixed-over-same', () => {
    const ops = [open(), mmap('m0', 12_288, at(0)), mmap('m1', 4096, at(1)), load('m1')];
    expect(yields('lkmc_mmap', [...ops, mmap('m2', 12_288, at(0))])).toBe(
      `0{open} 0{mmap,vm_open} 1{vm_open,vm_open,vm_close,mmap,vm_open} 1'a'{fault0R} ` +
        '0{vm_close,vm_close,vm_close,mmap,vm_open} end{vm_close,release}',
    );
    expect(yields('pages_mmap', [...ops, mmap('m2', 12_288, at(0))])).toBe(
      `0{open} 0{mmap} 1{mmap} 1'A'{fault0R} 0{mmap} end{release}`,
    );
    const layout = ['0+1 rw-s 0', '1+1 rw-s 0', '2+1 rw-s 2'];
    expect(maps('lkmc_mmap', ops)).toEqual(layout);
    expect(maps('pages_mmap', ops)).toEqual(layout);
  });

  test('MMAP fixed-over-fails', () => {
    const ops = [
      open(),
      open('d1', 'ro'),
      mmap('m0', 4096, at(0)),
      load('m0'),
      mmap('m1', 4096, { fd: 'd1', ...at(0) }),
    ];
    const rest = [load('m0'), mmap('m1', 20_480, at(0)), load('m0')];
    expect(yields('lkmc_mmap', [...ops, ...rest])).toBe(
      `0{open} 1{open} 0{mmap,vm_open} 1'a'{fault0R} -EACCES 1'a' 0{vm_close,mmap,vm_open} 1'a'{fault0R} ` +
        'end{vm_close,release,release}',
    );
    expect(yields('pages_mmap', [...ops, ...rest])).toBe(
      `0{open} 1{open} 0{mmap} 1'A'{fault0R} -EACCES 1'A' -EINVAL{mmap} SIGSEGV/MAPERR@0 end{release,release}`,
    );
  });

  test('MMAP noreplace-over', () => {
    const over = (page: number, rest = {}) => mmap('m1', 8192, { ...placed('noreplace', page * 4096), ...rest });
    const ops = [open(), open('d1', 'ro'), mmap('m0', 8192, at(4)), over(4), over(5), over(3), over(4, { fd: 'd1' })];
    expect(yields('pages_mmap', ops)).toBe(
      '0{open} 1{open} 4{mmap} -EEXIST -EEXIST -EEXIST -EEXIST end{release,release}',
    );
  });

  test('a mapping that is refused for its size leaves the splits behind (6.12)', () => {
    const fixed = { type: 'private' as const, ...placed('fixed', -100_000 * 4096) };
    const ops = [
      open(),
      mmap('m0', 100_002 * 4096, placed('fixed', -100_001 * 4096)),
      mmap('m1', 99_000 * 4096, fixed),
    ];
    expect(yields('lkmc_mmap', ops)).toBe('0{open} none:unsafe -ENOMEM end{release}');
    const inZone = [
      open(),
      mmap('m0', 50_000 * 4096, placed('fixed', -100_001 * 4096)),
      mmap('m1', 40_000 * 4096, fixed),
    ];
    expect(yields('lkmc_mmap', inZone)).toBe(
      '0{open} -100001{mmap,vm_open} -ENOMEM{vm_open,vm_open} end{vm_close,vm_close,vm_close,release}',
    );
  });

  test('what was accounted already is not charged twice', () => {
    const big = (pages: number) => mmap('m0', pages * 4096, { type: 'private', ...placed('fixed', -100_000 * 4096) });
    expect(yields('lkmc_mmap', [open(), big(40_000)])).toBe('0{open} -ENOMEM end{release}');
    expect(yields('lkmc_mmap', [open(), big(30_000), big(40_000), fork('p1'), child.load(0)])).toBe(
      '0{open} -100000{mmap,vm_open} -100000{vm_close,mmap,vm_open} -ENOMEM none:unbound end{vm_close,release}',
    );
  });
});

describe('placement', () => {
  test('MMAP placement: below the last one, then into gaps, then into the zone', () => {
    const one = (to: string, pages: number) => mmap(to, pages * 4096, { prot: 'r--' });
    const ops = [open(), one('m0', 1), one('m1', 30), munmap('m1', 4096), one('m2', 2), one('m3', 1), one('m4', 1)];
    expect(yields('lkmc_mmap', ops).replaceAll(/\{[^}]*\}/g, '')).toBe('0 31 1 0 0 -17 -18 end');
  });

  test('a hint that is taken, or whose range is, is no error', () => {
    const hint = (to: string, pages: number, page: number) => mmap(to, pages * 4096, placed('hint', page * 4096));
    const ops = [open(), mmap('m0', 4096, at(4)), hint('m1', 1, 4), hint('m2', 2, 3), hint('m3', 1, 3)];
    expect(yields('lkmc_mmap', ops).replaceAll(/\{[^}]*\}/g, '')).toBe('0 4 31 29 3 end');
  });

  test('a failed mmap leaves its variable alone, and munmap does, too', () => {
    const ops = [
      open(),
      mmap('m0', 4096, at(4)),
      mmap('m0', 0),
      munmap('m0'),
      load('m0'),
      mmap('m1', 1, placed('hint', 'm0')),
    ];
    expect(yields('pages_mmap', ops)).toBe('0{open} 4{mmap} -EINVAL 0 SIGSEGV/MAPERR@0 4{mmap} end{release}');
  });
});

describe('merging', () => {
  const both = (rest: object) => [
    open(),
    mmap('m0', 4096, { ...at(0), ...rest }),
    mmap('m1', 4096, { ...at(1), ...off(1), ...rest }),
  ];

  test('ADJ shared-contig, sharedRO-contig', () => {
    expect(yields('lkmc_mmap', both({}))).toBe(
      '0{open} 0{mmap,vm_open} 1{mmap,vm_open} end{vm_close,vm_close,release}',
    );
    expect(maps('lkmc_mmap', both({}))).toEqual(['0+1 rw-s 0', '1+1 rw-s 1']);
    expect(yields('pages_mmap', both({}))).toBe('0{open} 0{mmap} 1 end{release}');
    expect(maps('pages_mmap', both({ prot: 'r--' }))).toEqual(['0+2 r--s 0']);
  });

  test('ADJ priv-noncontig', () => {
    const ops = [
      open(),
      mmap('m0', 4096, { type: 'private', ...at(0) }),
      mmap('m1', 4096, { type: 'private', ...at(1), ...off(2) }),
    ];
    expect(maps('pages_mmap', ops)).toEqual(['0+1 rw-p 0', '1+1 rw-p 2']);
  });

  test('ADJ priv-touched-before', () => {
    const rest = { type: 'private' as const };
    const ops = [
      open(),
      mmap('m0', 4096, { ...at(0), ...rest }),
      store('m0'),
      mmap('m1', 4096, { ...at(1), ...off(1), ...rest }),
      store('m1'),
    ];
    expect(yields('pages_mmap', ops)).toBe('0{open} 0{mmap} 1{fault0W} 1 1{fault1W} end{release}');
    expect(maps('pages_mmap', ops)).toEqual(['0+2 rw-p 0']);
  });

  test('ADJ before and fill-hole-3', () => {
    const hole = [
      open(),
      mmap('m0', 4096, { ...at(2), ...off(2) }),
      mmap('m1', 4096, at(0)),
      mmap('m2', 4096, { ...at(1), ...off(1) }),
    ];
    expect(yields('pages_mmap', hole)).toBe('0{open} 2{mmap} 0{mmap} 1 end{release}');
    expect(maps('pages_mmap', hole)).toEqual(['0+3 rw-s 0']);
    expect(maps('lkmc_mmap', hole)).toEqual(['0+1 rw-s 0', '1+1 rw-s 1', '2+1 rw-s 2']);
  });

  test('ADJ diff-prot-then-equal', () => {
    const ops = [open(), mmap('m0', 4096, at(0)), mmap('m1', 4096, { prot: 'r--', ...at(1), ...off(1) })];
    expect(maps('pages_mmap', ops)).toEqual(['0+1 rw-s 0', '1+1 r--s 1']);
    expect(maps('pages_mmap', [...ops, mprotect('m1', 4096, 'rw-')])).toEqual(['0+2 rw-s 0']);
    expect(maps('lkmc_mmap', [...ops, mprotect('m1', 4096, 'rw-')])).toEqual(['0+1 rw-s 0', '1+1 rw-s 1']);
  });

  test('two descriptions of one device do not merge, a description with one reference less does', () => {
    const two = [open(), open('d1'), mmap('m0', 4096, at(0)), mmap('m1', 4096, { fd: 'd1', ...at(1), ...off(1) })];
    expect(maps('pages_mmap', two)).toEqual(['0+1 rw-s 0', '1+1 rw-s 1']);
    const closed = [...both({}), mmap('m2', 4096, at(8)), close(), munmap('m0', 8192), munmap('m2')];
    expect(yields('pages_mmap', closed)).toBe('0{open} 0{mmap} 1 8{mmap} 0 0 0{release}');
  });

  test('a fixed mapping that puts back what it removed calls no mmap', () => {
    const ops = [
      open(),
      mmap('m0', 12_288, at(0)),
      load('m0+4096'),
      mmap('m1', 4096, { ...at(1), ...off(1) }),
      load('m1'),
    ];
    expect(yields('pages_mmap', ops)).toBe(`0{open} 0{mmap} 1'B'{fault1R} 1 1'B'{fault1R} end{release}`);
    expect(maps('pages_mmap', ops)).toEqual(['0+3 rw-s 0']);
  });
});
