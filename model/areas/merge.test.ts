import { describe, expect, test } from 'vitest';
import type { Contract } from '../../spec/contract.ts';
import { FIRST_ACTOR, type Operation, PROGRAM_VERSION } from '../../spec/program.ts';
import { type Act, P, profile, type Version } from '../fixtures.ts';
import { traceProgram } from '../trace.ts';

const PAGE = 4096;

/** The areas of a process behind all operations, each as `first page+pages permissions`. */
function areas(version: Version, acts: readonly Act[], contract: Contract = P, name = FIRST_ACTOR): string[] {
  const ops = acts.map((act): Operation => ({ actor: FIRST_ACTOR, ...act }));
  const trace = traceProgram({ version: PROGRAM_VERSION, ops }, contract, profile(contract, version));
  for (const { expected } of trace.steps) expect(expected.outcome).toHaveProperty('ret');
  return (trace.end.expected.layout?.[name] ?? []).map((line) => line.split(' ').slice(0, 2).join(' '));
}

const at = (page: number): { arena: number } => ({ arena: page * PAGE });
const open: Act = { op: 'open', to: 'd0', access: 'rw' };
const map = (page: number, pgoff: number, type: 'private' | 'shared' = 'private'): Act => ({
  op: 'mmap',
  to: `m${String(page)}`,
  fd: 'd0',
  length: PAGE,
  offset: pgoff * PAGE,
  prot: 'rw-',
  type,
  place: { how: 'fixed', at: at(page) },
});
const store = (page: number): Act => ({ op: 'store', at: at(page), data: { text: 'x', length: 1 } });
const protect = (page: number, actor = FIRST_ACTOR): Act => {
  return { op: 'mprotect', actor, at: at(page), length: PAGE, prot: 'r--' };
};
const move = (from: number, to: number): Act => ({
  op: 'mremap',
  at: at(from),
  oldLength: PAGE,
  newLength: PAGE,
  flags: ['maymove', 'fixed'],
  place: at(to),
  to: 'm9',
});

describe('the offset that private copies are filed under (mm/vma.h vma_anon_pgoff_compat, Linux 7.3)', () => {
  test('an area with copies keeps it when it moves, so what continues its file offset does not join it', () => {
    const acts = [open, map(0, 0), store(0), move(0, 5), map(6, 1)];
    expect(areas([6, 12], acts)).toEqual(['5+2 rw-p']);
    expect(areas([7, 3], acts)).toEqual(['5+1 rw-p', '6+1 rw-p']);
  });

  test('an area without copies gets that of its new address, and is joined', () => {
    expect(areas([7, 3], [open, map(0, 0), move(0, 5), map(6, 1)])).toEqual(['5+2 rw-p']);
  });

  test('shared areas have none that would matter', () => {
    expect(areas([7, 3], [open, map(0, 0, 'shared'), store(0), move(0, 5), map(6, 1, 'shared')])).toEqual(['5+2 rw-s']);
  });
});

describe('areas without private copies (mm/vma.c is_mergeable_anon_vma)', () => {
  const besides = [open, map(0, 0), protect(0), map(1, 1), store(1), protect(1)];

  test('take in one that has some since 6.16, and not before', () => {
    expect(areas([6, 12], besides)).toEqual(['0+1 r--p', '1+1 r--p']);
    expect(areas([7, 3], besides)).toEqual(['0+2 r--p']);
  });

  test('take in none whose copies come from a fork', () => {
    const acts: Act[] = [
      ...besides.slice(0, -1),
      { op: 'fork', to: 'p1' },
      { ...store(1), actor: 'p1' },
      protect(1, 'p1'),
    ];
    expect(areas([7, 3], acts, P, 'p1')).toEqual(['0+1 r--p', '1+1 r--p']);
  });

  test.each<Version>([
    [5, 10],
    [6, 12],
    [7, 3],
  ])('become one with those that have some when the hole between them is filled: Linux %i.%i', (...version) => {
    expect(areas(version, [open, map(0, 0), map(2, 2), store(2), map(1, 1)])).toEqual(['0+3 rw-p']);
  });
});

describe('a mapping that fills the hole between two that it continues (mm/vma.c vma_merge_new_range)', () => {
  const filled = [open, map(0, 0, 'shared'), map(2, 2, 'shared'), map(1, 1, 'shared')];
  const counting: Contract = { ...P, vmOperations: { open: true, close: true } };

  test('makes one area of all three', () => {
    expect(areas([6, 12], filled)).toEqual(['0+3 rw-s']);
  });

  test('joins only the one before it where the driver has close, which the area behind would not be told by', () => {
    expect(areas([6, 12], filled, counting)).toEqual(['0+2 rw-s', '2+1 rw-s']);
    expect(areas([7, 3], filled, counting)).toEqual(['0+2 rw-s', '2+1 rw-s']);
  });

  test('joins none of them where the driver has close, before Linux 6.4', () => {
    expect(areas([6, 1], filled, counting)).toEqual(['0+1 rw-s', '1+1 rw-s', '2+1 rw-s']);
  });
});
