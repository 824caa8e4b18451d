import { expect, test } from 'vitest';
import type { CountedLine } from '../../spec/ports/driver-counting.ts';
import { summarizeSource } from './driver-lines.ts';

const line = (number: number, reached: boolean, branches = 0, branchesTaken = 0): CountedLine => ({
  number,
  reached,
  branches,
  branchesTaken,
});

const text = Array.from({ length: 12 }, (_, index) => `line ${String(index + 1)}`);

test('lines that were not reached are joined over what has no code, and parted by what was reached', () => {
  const lines = [line(2, false), line(4, false), line(5, true), line(7, false, 2, 0), line(12, false)];
  expect(summarizeSource({ file: 'a.c', lines, text })).toEqual({
    file: 'a.c',
    lines: { reached: 1, total: 5 },
    branches: { reached: 0, total: 2 },
    never: [
      { from: 2, to: 4, text: ['line 2', 'line 3', 'line 4'] },
      { from: 7, to: 12, text: text.slice(6) },
    ],
    partly: [],
  });
});

test('a line that was left in one of two ways is reached in part', () => {
  const lines = [line(1, true, 2, 1), line(2, true, 2, 2), line(3, true)];
  expect(summarizeSource({ file: 'a.c', lines, text })).toEqual({
    file: 'a.c',
    lines: { reached: 3, total: 3 },
    branches: { reached: 3, total: 4 },
    never: [],
    partly: [{ line: 1, text: 'line 1' }],
  });
});
