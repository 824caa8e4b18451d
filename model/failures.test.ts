import { expect, test } from 'vitest';
import { loadContract } from '../spec/io/load.ts';
import type { Operation } from '../spec/program.ts';
import { profile } from './fixtures.ts';
import { end, type Expected, initialState, step } from './step.ts';

const LKMC = loadContract('lkmc_mmap');
const PAGES = loadContract('pages_mmap');

const allocation = (nth: number) => ({ what: 'allocation', nth }) as const;
const copy = (nth: number) => ({ what: 'copy', nth }) as const;
const open: Operation = { op: 'open', actor: 'p0', to: 'd0', access: 'rw' };

/** Operations, each with whether the failure that it asks for takes place. */
function run(contract: typeof LKMC, ops: readonly (readonly [op: Operation, failed?: boolean])[]): Expected[] {
  const kernel = profile(contract, [6, 1]);
  let state = initialState(contract, kernel, {});
  const expected = ops.map(([op, failed = false]) => {
    const result = step(state, op, contract, kernel, { failed });
    state = result.state;
    return result.expected;
  });
  return [...expected, end(state, contract, kernel).expected];
}

test('an open that gets no memory is no open', () => {
  const [first, second, last] = run(LKMC, [
    [{ ...open, fail: allocation(1) }, true],
    [{ op: 'read', actor: 'p0', fd: 'd0', length: 1 }],
  ]);
  expect(first).toMatchObject({ outcome: { errno: 'ENOMEM' }, failed: true, callbacks: [{ text: 'open' }] });
  expect(second).toMatchObject({ outcome: { errno: 'EBADF' } });
  expect(last?.callbacks).toEqual([]);
});

test('what the target says did not fail succeeds, and what cannot fail does not', () => {
  const [first] = run(LKMC, [[{ ...open, fail: allocation(3) }, false]]);
  expect(first).toMatchObject({ outcome: { ret: 0 }, failed: false });
  const refused: Operation = { ...open, flags: ['creat', 'excl'], fail: allocation(1) };
  expect(run(LKMC, [[refused, true]])[0]).toMatchObject({ outcome: { errno: 'EEXIST' }, failed: false });
});

test('only the copy that is named fails; those before it count', () => {
  const readv: Operation = { op: 'readv', actor: 'p0', fd: 'd0', lengths: [1, 2], fail: copy(2) };
  const [, second, third] = run(LKMC, [[open], [readv, true], [{ op: 'read', actor: 'p0', fd: 'd0', length: 1 }]]);
  expect(second).toMatchObject({ outcome: { ret: 1, data: '61' }, failed: true });
  expect(third).toMatchObject({ outcome: { ret: 1, data: '73' } });
});

test('a copy from user memory that fails leaves zeros and the position', () => {
  const write: Operation = { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'x', length: 2 } };
  const [, , failed, position] = run(PAGES, [
    [open],
    [write],
    [{ ...write, fail: copy(1) }, true],
    [{ op: 'read', actor: 'p0', fd: 'd0', length: 1 }],
  ]);
  expect(failed).toMatchObject({ outcome: { errno: 'EFAULT' }, callbacks: [{ text: 'write len=2 pos=2' }] });
  expect(position).toMatchObject({ callbacks: [{ text: 'read len=1 pos=2' }] });
});

test('a copy of nothing that fails is no failure', () => {
  const nothing: Operation = { op: 'read', actor: 'p0', fd: 'd0', length: 0, fail: copy(1) };
  expect(run(LKMC, [[open], [nothing, true]])[1]).toMatchObject({ outcome: { ret: 0 }, failed: true });
});

test('a load of the module that runs out of memory says so, or does without', () => {
  const reload: Operation = { op: 'reload', actor: 'p0', fail: allocation(4) };
  const [first] = run(PAGES, [[reload, true]]);
  expect(first).toMatchObject({ outcome: { errno: 'ENOMEM' }, alternative: { ret: 0 }, failed: true });
  expect(run(PAGES, [[open], [reload, true]])[1]).toMatchObject({ outcome: { errno: 'EAGAIN' }, failed: false });
});
