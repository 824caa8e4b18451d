import { expect, test } from 'vitest';
import type { Answer } from '../spec/protocol.ts';
import { L, profile } from '../model/fixtures.ts';
import { type Operation, OPERATION_NAMES, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import { Exploration } from './exploration.ts';
import { ProgramArbitrary, programNumber, type Surroundings } from './generate/program.ts';

const surroundings: Surroundings = {
  contract: L,
  kernel: profile(L, [6, 12]),
  operations: new Set(OPERATION_NAMES),
  settings: new Set(),
  mapFlags: new Set(),
  failures: new Set(),
};

const numbered = (index: number): Program => {
  const op: Operation = { op: 'close', actor: 'p0', fd: `d${String(index)}` };
  return { version: PROGRAM_VERSION, ops: [op] };
};

const answer = (counters?: Record<string, string>): Answer =>
  ({ result: 'observed', seq: 1, index: 0, steps: [], end: {}, ...(counters && { counters }) }) as unknown as Answer;

test('programs of a batch that reached something new are gone on with, others are not', () => {
  const onto: (Program | undefined)[] = [];
  const source = new Exploration({
    program: (index, begin) => {
      onto.push(begin);
      return numbered(index);
    },
    count: 8,
    surroundings,
    counting: { read: () => Promise.resolve([]), reached: (data) => data.split(',').map(Number) },
  });
  const batch = (counters: Record<string, string>): void => {
    const [first, second] = [source.next(), source.next()];
    if (first === undefined || second === undefined) throw new Error('too few programs');
    source.learn(first, [answer()], true);
    source.learn(second, [answer(counters)], true);
  };
  batch({ a: '1,2' });
  batch({ a: '1,2' });
  batch({ a: '1,2,3', b: '1' });
  batch({});
  // Every other one begins with one of the first batch, later also with one of the third.
  expect(onto).toEqual([undefined, undefined, undefined, numbered(1), undefined, numbered(0), undefined, numbered(5)]);
  expect(source.next()).toBeUndefined();
});

test('a program that goes on with another one keeps it as it is, and uses new names', () => {
  const arbitrary = new ProgramArbitrary(surroundings);
  for (let index = 0; index < 50; index++) {
    const begin = programNumber(arbitrary, 1, index);
    const program = programNumber(new ProgramArbitrary(surroundings, undefined, begin), 2, index);
    expect(program.ops.slice(0, begin.ops.length)).toEqual(begin.ops);
    expect(program.ops.length).toBeGreaterThan(begin.ops.length);
    const names = program.ops.flatMap((op) => ('to' in op && typeof op.to === 'string' ? [op.to] : []));
    expect(new Set(names).size).toBe(names.length);
  }
});
