import { describe, expect, test } from 'vitest';
import { profile } from '../model/fixtures.ts';
import { loadContract } from '../spec/io/load.ts';
import type { Observation, Outcome } from '../spec/observation.ts';
import { type Operation, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { Answer } from '../spec/protocol.ts';
import { isolation } from './isolation.ts';

const ops: readonly Operation[] = [
  { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
  { op: 'open', actor: 'p0', to: 'd1', access: 'rw' },
  { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'x', length: 1 } },
  { op: 'mmap', actor: 'p0', to: 'm1', fd: 'd1', length: 4096, offset: 0, prot: 'rw-', type: 'shared' },
  { op: 'mprotect', actor: 'p0', at: { map: 'm1', offset: 0 }, length: 4096, prot: 'r--' },
  { op: 'read', actor: 'p0', fd: 'd1', length: 4 },
  { op: 'load', actor: 'p0', at: { map: 'm3', offset: 0 }, length: 1 },
];
const PROGRAM: Program = { version: PROGRAM_VERSION, ops: [...ops], setting: { descriptors: 9 } };

/** What is seen of the second group: of all operations but those of d0. */
const SECOND = [1, 3, 4, 5, 6];
const OUTCOMES: readonly Outcome[] = [
  { ret: 0 },
  { ret: 1 },
  { ret: 1 },
  { ret: 16 },
  { ret: 0 },
  { ret: 4, data: '61736466' },
  { none: 'unbound' },
];

function answer(outcomes: readonly Outcome[]): Answer {
  const steps = outcomes.map((outcome): Observation => ({ outcome }));
  return { seq: 1, index: 0, result: 'observed', steps, end: { outcome: { ret: 0 } } };
}

/** Judges answers of which that to both groups has another outcome for one operation. */
function judge(name: string, step: number, outcome: Outcome) {
  const contract = loadContract(name);
  const kernel = profile(contract, [6, 12]);
  const alone = answer(SECOND.flatMap((index) => OUTCOMES[index] ?? []));
  const together = answer(OUTCOMES.with(step, outcome));
  return isolation.judge(PROGRAM, [alone, together], { contract, kernel, levels: ['outcome'] });
}

test('the second group is run alone and with the first, without limits', () => {
  const [alone, together] = isolation.expand(PROGRAM);
  expect(alone?.ops.map(({ op }) => op)).toEqual(['open', 'mmap', 'mprotect', 'read', 'load']);
  expect(together?.ops.map(({ op }) => op)).toEqual(ops.map(({ op }) => op));
  expect(together?.setting).toBeUndefined();
});

describe('what differs in company names the clause of the operation', () => {
  test.each([
    ['mmap', 3, { errno: 'ENOMEM' }, 'MAP-01'],
    ['mprotect', 4, { errno: 'EACCES' }, 'PROT-01'],
    ['open', 1, { errno: 'EMFILE' }, 'OPEN-01'],
    ['a load that is not to be performed', 6, { ret: 1, data: '61' }, 'PERFORM-01'],
    ['the bytes of a read', 5, { ret: 4, data: '78736466' }, 'BUF-01'],
    ['the length of a read', 5, { ret: 0, data: '' }, 'BUF-01'],
  ] as const)('%s', (_, step, outcome, clause) => {
    expect(judge('lkmc_mmap', step, outcome)).toMatchObject({ level: 'outcome', clause, step });
  });

  test.each([
    ['mmap', 3, { errno: 'ENOMEM' }, 'MAP-01'],
    ['mprotect', 4, { errno: 'EACCES' }, 'PROT-01'],
    ['the length of a read', 5, { ret: 0, data: '' }, 'READ-01'],
  ] as const)('%s, where opens share a buffer', (_, step, outcome, clause) => {
    expect(judge('pages_mmap', step, outcome)).toMatchObject({ level: 'outcome', clause, step });
  });
});

test('what may differ is no difference', () => {
  expect(judge('lkmc_mmap', 1, { ret: 7 })).toBeUndefined();
  expect(judge('lkmc_mmap', 0, { errno: 'EMFILE' })).toBeUndefined();
  expect(judge('pages_mmap', 5, { ret: 4, data: '78736466' })).toBeUndefined();
});
