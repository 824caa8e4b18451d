import { expect, test } from 'vitest';
import { addCounters } from './gcda.ts';
import { countedLines, type GcovReport, parseGcov } from './gcov.ts';

/** A file as convert_to_gcda of the kernel makes it: for each function its record and its counters. */
function gcda(functions: readonly (readonly bigint[])[]): Uint8Array {
  const words = [0x67636461, 0x4232322a, 0x12345678, 0];
  for (const [ident, counters] of functions.entries()) {
    words.push(0x01000000, 12, ident, 1, 2, 0x01a10000, counters.length * 8);
    for (const counter of counters) words.push(Number(counter & 0xffffffffn), Number(counter >> 32n));
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
}

test('counters are added one by one, beyond 32 bits too, and nothing else is', () => {
  const files = [gcda([[1n, 0n], [0xffffffffn]]), gcda([[2n, 0n], [1n]]), gcda([[0n, 7n], [0n]])];
  expect(addCounters(files)).toEqual(gcda([[3n, 7n], [0x100000000n]]));
  expect(files[0]).toEqual(gcda([[1n, 0n], [0xffffffffn]]));
});

test.each([
  ['is empty', [new Uint8Array()], /do not begin so/],
  ['begins with something else', [new Uint8Array(64)], /do not begin so/],
  ['is cut off', [gcda([[1n, 2n]]).slice(0, -8)], /middle of a record/],
  ['comes from another build', [gcda([[1n]]), gcda([[1n, 2n]])], /differ in length/],
])('a file of counters that %s is refused', (_, files, message) => {
  expect(() => addCounters(files)).toThrow(message);
});

/** As gcov 12 says it, cut down. */
function report(file: string, lines: readonly (readonly [number, number, readonly number[]])[]): string {
  const of = lines.map(([line, count, branches]) => ({
    line_number: line,
    count,
    function_name: 'f',
    unexecuted_block: count === 0,
    branches: branches.map((taken) => ({ count: taken, throw: false, fallthrough: false })),
  }));
  const files = [
    { file, functions: [], lines: of },
    { file: 'include/linux/mm.h', functions: [], lines: [{ line_number: 1, count: 0, branches: [] }] },
    { file: '/usr/src/linux/include/linux/slab.c', functions: [], lines: [] },
  ];
  return JSON.stringify({ format_version: '1', gcc_version: '12.2.0', data_file: 'object.gcda', files });
}

test('lines and branches of the C files in the build directory are counted, in order, each line once', () => {
  const lines = [
    [9, 2, [2, 0]],
    [3, 0, []],
    [3, 5, [5, 5]],
    [9, 0, [0, 0]],
  ] as const;
  const reports: GcovReport[] = [
    parseGcov(report('/build/8e0e/sub/b.c', [[1, 1, []]]), 'sub/b'),
    parseGcov(report('/build/8e0e/a.c', lines), 'a'),
    parseGcov(report('/build/8e0e/compat.h', [[2, 0, []]]), 'c'),
  ];
  expect([...countedLines(reports)]).toEqual([
    [
      'a.c',
      [
        { number: 3, reached: true, branches: 2, branchesTaken: 2 },
        { number: 9, reached: true, branches: 4, branchesTaken: 1 },
      ],
    ],
    ['sub/b.c', [{ number: 1, reached: true, branches: 0, branchesTaken: 0 }]],
  ]);
});

test('what is no report of gcov is refused with the name of the object', () => {
  expect(() => parseGcov('object.gcno:cannot open notes file', 'lkmc_mmap')).toThrow(/lkmc_mmap cannot be read/);
});
