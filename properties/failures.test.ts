import { expect, test } from 'vitest';
import { L, profile } from '../model/fixtures.ts';
import { type Operation, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { Answer } from '../spec/protocol.ts';
import { failures } from './failures.ts';
import type { Surroundings } from './generate/program.ts';

const open: Operation = { op: 'open', actor: 'p0', to: 'd0', access: 'rw' };
const program: Program = { version: PROGRAM_VERSION, ops: [open] };

const surroundings: Surroundings = {
  contract: L,
  kernel: profile(L, [6, 12]),
  operations: new Set(['open']),
  settings: new Set(),
  mapFlags: new Set(),
  failures: new Set(['allocation']),
};

const answer = (failed: boolean): Answer => ({
  result: 'observed',
  seq: 1,
  index: 0,
  steps: [{ outcome: { errno: 'ENOMEM' }, ...(failed && { failed }) }],
  end: { outcome: { ret: 0 } },
});

test('the next allocation fails as long as one did, also behind a failure and behind the end of a kernel', () => {
  const source = failures.source?.({ program: () => program, count: 1, surroundings, counting: undefined });
  const nthOf = (): number | undefined => {
    const op = source?.next()?.ops[0];
    return op !== undefined && 'fail' in op ? op.fail?.nth : undefined;
  };
  const failing = (nth: number): Program => ({
    ...program,
    ops: [{ ...open, fail: { what: 'allocation', nth } }],
  });
  expect(nthOf()).toBe(1);
  source?.learn?.(failing(1), [answer(true)], true);
  expect(nthOf()).toBe(2);
  source?.learn?.(failing(2), [answer(true)], false);
  expect(nthOf()).toBe(3);
  source?.learn?.(failing(3), [], false);
  expect(nthOf()).toBe(4);
  source?.learn?.(failing(4), [answer(false)], true);
  expect(source?.next()).toBeUndefined();
});
