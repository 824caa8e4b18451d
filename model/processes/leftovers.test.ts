import { expect, test } from 'vitest';
import { loadContract } from '../../spec/io/load.ts';
import type { Operation } from '../../spec/program.ts';
import { profile } from '../fixtures.ts';
import { initialState, step } from '../step.ts';

const contract = loadContract('lkmc_mmap');
const m0 = { map: 'm0', offset: 0 };

const OPS: readonly Operation[] = [
  { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
  { op: 'mmap', actor: 'p0', to: 'm0', fd: 'd0', length: 4096, offset: 0, prot: 'rw-', type: 'shared' },
  { op: 'store', actor: 'p0', at: m0, data: { text: 'x', length: 1 } },
  { op: 'madvise', actor: 'p0', at: m0, length: 4096, advice: 'dontfork' },
  { op: 'fork', actor: 'p0', to: 'p1' },
  { op: 'load', actor: 'p1', at: m0, length: 1 },
];

test.each([true, false])('a page that is not inherited, where the target leaves such pages: %s', (forkLeavesPages) => {
  const right = profile(contract, [6, 1]);
  const kernel = { ...right, facts: { ...right.facts, forkLeavesPages } };
  let state = initialState(contract, kernel, {});
  const unpredictable = OPS.map((op) => {
    const result = step(state, op, contract, kernel);
    state = result.state;
    return result.unpredictable !== undefined;
  });
  expect(unpredictable).toEqual([false, false, false, false, false, forkLeavesPages]);
});
