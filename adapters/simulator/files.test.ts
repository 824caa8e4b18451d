import { expect, test } from 'vitest';
import type { Operation } from '../../spec/program.ts';
import { actor, yields } from '../../tools/testing/simulator.ts';

/** Descriptors, read, write and lseek: rows of the measured facts, named as there. */

const { open, close, dup, read, pread, write, pwrite, lseek, fork } = actor('p0');
const child = actor('p1');

const ROWS: readonly (readonly [name: string, ops: Operation[], onLkmc: string, onPages: string])[] = [
  [
    'OPEN rdonly',
    [open('d0', 'ro'), read(4), write('ZX'), close()],
    `0{open} 4'asdf'{read(4@0)} -EBADF 0{release}`,
    `0{open} 4'A*4'{read(4@0)} -EBADF 0{release}`,
  ],
  [
    'OPEN wronly',
    [open('d0', 'wo'), read(4), write('ZX'), write('ZX'), close()],
    '0{open} -EBADF 2{write(2@0)} 2{write(2@0)} 0{release}',
    '0{open} -EBADF 2{write(2@0)} 2{write(2@2)} 0{release}',
  ],
  [
    'OPEN two-opens',
    [open(), open('d1'), write('ZXCV'), read(4, 'd1'), close(), close('d1')],
    `0{open} 1{open} 4{write(4@0)} 4'asdf'{read(4@0)} 0{release} 0{release}`,
    `0{open} 1{open} 4{write(4@0)} 4'ZXCV'{read(4@0)} 0{release} 0{release}`,
  ],
  [
    'OPEN dup',
    [open(), dup('d1'), read(2), read(2, 'd1'), close(), write('ZX', 2, 'd1'), close('d1')],
    `0{open} 1 2'as'{read(2@0)} 2'df'{read(2@2)} 0 2{write(2@4)} 0{release}`,
    `0{open} 1 2'AA'{read(2@0)} 2'AA'{read(2@2)} 0 2{write(2@4)} 0{release}`,
  ],
  [
    'OPEN close-bad',
    [close('d7'), open(), close(), close(), read(1), dup('d1'), close('d1')],
    '-EBADF 0{open} 0{release} -EBADF -EBADF -EBADF -EBADF',
    '-EBADF 0{open} 0{release} -EBADF -EBADF -EBADF -EBADF',
  ],
  [
    'the lowest free number is taken',
    [open(), open('d1'), open('d2'), close('d1'), dup('d3', 'd2'), open('d4')],
    '0{open} 1{open} 2{open} 0{release} 1 3{open} end{release,release,release}',
    '0{open} 1{open} 2{open} 0{release} 1 3{open} end{release,release,release}',
  ],
  [
    'READ size-0',
    [open(), read(0), read(0)],
    `0{open} 0''{read(0@0)} 0''{read(0@0)} end{release}`,
    `0{open} 0''{read(0@0)} 0''{read(0@0)} end{release}`,
  ],
  [
    'READ size-5',
    [open(), read(5), read(5), read(5)],
    `0{open} 4'asdf'{read(5@0)} 0''{read(5@4)} 0''{read(5@4)} end{release}`,
    `0{open} 5'A*5'{read(5@0)} 5'AAA··'{read(5@5)} 5'·*5'{read(5@10)} end{release}`,
  ],
  [
    'READ bytewise',
    [open(), read(1), read(1), read(1), read(1), read(1)],
    `0{open} 1'a'{read(1@0)} 1's'{read(1@1)} 1'd'{read(1@2)} 1'f'{read(1@3)} 0''{read(1@4)} end{release}`,
    `0{open} 1'A'{read(1@0)} 1'A'{read(1@1)} 1'A'{read(1@2)} 1'A'{read(1@3)} 1'A'{read(1@4)} end{release}`,
  ],
  [
    'READ across a page',
    [open(), read(4094), read(4)],
    `0{open} 4'asdf'{read(4094@0)} 0''{read(4@4)} end{release}`,
    `0{open} 4094'A*8·*4086'{read(4094@0)} 4'··BB'{read(4@4094)} end{release}`,
  ],
  [
    'READ pread-off-1',
    [open(), pread(4, 1), pread(0, 1), read(4)],
    `0{open} 3'sdf'{read(4@1)} 0''{read(0@1)} 4'asdf'{read(4@0)} end{release}`,
    `0{open} -ESPIPE -ESPIPE 4'A*4'{read(4@0)} end{release}`,
  ],
  [
    'READ pread-off-1099511627776',
    [open(), pread(4, 1_099_511_627_776)],
    `0{open} 0''{read(4@1099511627776)} end{release}`,
    '0{open} -ESPIPE end{release}',
  ],
  ['READ pread-off--1', [open(), pread(4, -1)], '0{open} -EINVAL end{release}', '0{open} -EINVAL end{release}'],
  [
    'READ pread-off-9223372036854775807',
    [open(), pread(4, '9223372036854775807'), pread(0, '9223372036854775807')],
    `0{open} -EINVAL 0''{read(0@9223372036854775807)} end{release}`,
    '0{open} -ESPIPE -ESPIPE end{release}',
  ],
  [
    'READ pread of a negative offset written as a string',
    [open(), pread(4, '-9223372036854775808'), pread(4, '18446744073709551615')],
    '0{open} -EINVAL -EINVAL end{release}',
    '0{open} -EINVAL -EINVAL end{release}',
  ],
  [
    'READ on-wronly',
    [open('d0', 'wo'), read(4), read(0), pread(4, 0), pread(4, -1), pread(4, -1, 'd5'), pread(4, 0, 'd5')],
    '0{open} -EBADF -EBADF -EBADF -EINVAL -EINVAL -EBADF end{release}',
    '0{open} -EBADF -EBADF -ESPIPE -EINVAL -EINVAL -EBADF end{release}',
  ],
  [
    'READ after-write',
    [open(), write('ZX'), read(4)],
    `0{open} 2{write(2@0)} 4'ZXdf'{read(4@0)} end{release}`,
    `0{open} 2{write(2@0)} 4'A*4'{read(4@2)} end{release}`,
  ],
  [
    'WRITE size-8',
    [open(), write('abcdefgh'), write('01234567'), open('d1'), pread(9, 0), read(9, 'd1')],
    `0{open} 8{write(8@0)} 8{write(8@0)} 1{open} 4'0123'{read(9@0)} 4'asdf'{read(9@0)} end{release,release}`,
    `0{open} 8{write(8@0)} 8{write(8@8)} 1{open} -ESPIPE 9'abcdefgh0'{read(9@0)} end{release,release}`,
  ],
  [
    'WRITE size-20000',
    [open(), write('abcdefgh', 20_000), write('01234567', 20_000), write('x', 0)],
    '0{open} 20000{write(20000@0)} 20000{write(20000@0)} 0{write(0@0)} end{release}',
    '0{open} 16384{write(20000@0)} -ENOSPC{write(20000@16384)} -ENOSPC{write(0@16384)} end{release}',
  ],
  [
    'WRITE fill-split',
    [open(), write('x', 16_380), write('x', 100), write('x', 1)],
    '0{open} 16380{write(16380@0)} 100{write(100@0)} 1{write(1@0)} end{release}',
    '0{open} 16380{write(16380@0)} 4{write(100@16380)} -ENOSPC{write(1@16384)} end{release}',
  ],
  [
    'WRITE pwrite-off-9223372036854775804',
    [
      open(),
      pwrite('ZX', 2, '9223372036854775804'),
      pwrite('ZX', 0, '9223372036854775804'),
      pwrite('KLMN', 4, '9223372036854775804'),
      pread(4, 0),
    ],
    `0{open} 2{write(2@9223372036854775804)} 0{write(0@9223372036854775804)} -EINVAL 4'ZXdf'{read(4@0)} end{release}`,
    '0{open} -ESPIPE -ESPIPE -ESPIPE -ESPIPE end{release}',
  ],
  [
    'WRITE pwrite-off--9223372036854775808',
    [open(), pwrite('ZX', 2, '-9223372036854775808'), pwrite('ZX', 0, '-9223372036854775808')],
    '0{open} -EINVAL -EINVAL end{release}',
    '0{open} -EINVAL -EINVAL end{release}',
  ],
  [
    'WRITE pos-shared-dup-fork',
    [open(), fork('p1'), child.write('ZX'), child.read(1), read(1)],
    `0{open} 0 2{write(2@0)} 1'Z'{read(1@0)} 1'X'{read(1@1)} end{release}`,
    `0{open} 0 2{write(2@0)} 1'A'{read(1@2)} 1'A'{read(1@3)} end{release}`,
  ],
  [
    'SEEK after-read2',
    [open(), read(2), lseek(0, 'cur'), lseek(-5, 'set'), lseek(0, 'data'), read(4), lseek(0, 'set', 'd5')],
    `0{open} 2'as'{read(2@0)} -ESPIPE -ESPIPE -ESPIPE 2'df'{read(4@2)} -EBADF end{release}`,
    `0{open} 2'AA'{read(2@0)} -ESPIPE -ESPIPE -ESPIPE 4'A*4'{read(4@2)} -EBADF end{release}`,
  ],
  [
    'SEEK whence5',
    [open(), lseek(0, 'bad'), lseek(0, 'bad', 'd5')],
    '0{open} -EINVAL -EBADF end{release}',
    '0{open} -EINVAL -EBADF end{release}',
  ],
  [
    'a child has descriptor numbers of its own',
    [open(), fork('p1'), child.open('d1'), open('d2'), open('d3'), child.read(1, 'd3'), read(1, 'd3')],
    `0{open} 0 1{open} 1{open} 2{open} -EBADF 1'a'{read(1@0)} end{release,release,release,release}`,
    `0{open} 0 1{open} 1{open} 2{open} -EBADF 1'A'{read(1@0)} end{release,release,release,release}`,
  ],
];

for (const [name, ops, onLkmc, onPages] of ROWS) {
  test(name, () => {
    expect(yields('lkmc_mmap', ops)).toBe(onLkmc);
    expect(yields('pages_mmap', ops)).toBe(onPages);
  });
}

test('a process runs out of descriptors', () => {
  const words = yields(
    'pages_mmap',
    Array.from({ length: 1022 }, (_, index) => open(`d${String(index % 1000)}`)),
  ).split(' ');
  expect(words[1020]).toBe('1020{open}');
  expect(words[1021]).toBe('-EMFILE');
});
