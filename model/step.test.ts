import { expect, test } from 'vitest';
import lkmc from '../spec/contracts/lkmc_mmap.json' with { type: 'json' };
import pages from '../spec/contracts/pages_mmap.json' with { type: 'json' };
import { Contract } from '../spec/contract.ts';
import { CLAUSES } from '../spec/clauses.ts';
import type { Operation } from '../spec/program.ts';
import { profile, type Version } from './fixtures.ts';
import { end, initialState, step } from './step.ts';

const L = Contract.parse(lkmc);
const P = Contract.parse(pages);

/** An operation of p0. */
type Step<Op = Operation> = Op extends Operation ? Omit<Op, 'actor'> : never;

/** Runs operations of p0 and shows each as `outcome ⟦callbacks⟧`, the last line being the layout at the end. */
function run(contract: Contract, ops: readonly Step[], version: Version = [6, 12]): string[] {
  const kernel = profile(contract, version);
  let state = initialState(contract, kernel, {});
  const lines = ops.map((op) => {
    const result = step(state, { actor: 'p0', ...op }, contract, kernel);
    state = result.state;
    const { outcome, callbacks } = result.expected;
    for (const clause of [...result.clauses.outcome, ...result.clauses.frames, ...result.clauses.layout]) {
      expect(CLAUSES.has(clause), clause).toBe(true);
    }
    for (const { clause } of callbacks) expect(CLAUSES.has(clause), clause).toBe(true);
    const text = 'ret' in outcome ? String(outcome.ret) : 'errno' in outcome ? outcome.errno : JSON.stringify(outcome);
    return `${text} ⟦${callbacks.map((callback) => callback.text).join(', ')}⟧`;
  });
  const { layout } = end(state, contract, kernel).expected;
  return [...lines, (layout?.['p0'] ?? []).join('; ')];
}

const open = { op: 'open', to: 'd0', access: 'rw' } as const;
const mmap = (page: number, pages: number, pgoff: number, more: object = {}): Step => ({
  op: 'mmap',
  to: `m${String(page)}`,
  fd: 'd0',
  length: pages * 4096,
  offset: pgoff * 4096,
  prot: 'rw-',
  type: 'shared',
  place: { how: 'fixed', at: { arena: page * 4096 } },
  ...more,
});
const at = (page: number, offset = 0): { arena: number } => ({ arena: page * 4096 + offset });

test('dividing an area of lkmc_mmap calls vm_open for a tail and twice for a middle', () => {
  const tail = run(L, [open, mmap(0, 3, 0), { op: 'munmap', at: at(0), length: 1 }]);
  expect(tail[2]).toBe('0 ⟦vm_open, vm_close⟧');
  expect(tail[3]).toBe('1+2 rw-s 1 rd wr sh mr mw ms de dd sd');
  const middle = run(L, [open, mmap(0, 3, 0), { op: 'munmap', at: at(1), length: 4096 }]);
  expect(middle[2]).toBe('0 ⟦vm_open, vm_open, vm_close⟧');
});

test('adjacent contiguous mappings of pages_mmap merge without a call of the driver, those of lkmc_mmap never', () => {
  const merged = run(P, [open, mmap(0, 1, 0), mmap(1, 1, 1)]);
  expect(merged.slice(1)).toEqual(['0 ⟦mmap⟧', '1 ⟦⟧', '0+2 rw-s 0 rd wr sh mr mw me ms sd']);
  const apart = run(L, [open, mmap(0, 1, 0), mmap(1, 1, 1)]);
  expect(apart[2]).toBe('1 ⟦mmap, vm_open⟧');
  expect(apart[3]?.split('; ')).toHaveLength(2);
});

test('a MAP_FIXED mapping that the driver refuses has already unmapped what was there', () => {
  const lines = run(P, [open, mmap(0, 4, 0), mmap(0, 5, 0), { op: 'load', at: at(0), length: 1 }]);
  expect(lines[2]).toBe('EINVAL ⟦mmap⟧');
  expect(lines[3]).toContain('MAPERR');
  expect(lines[4]).toBe('');
});

test('a store after a load of a private page copies it without a second fault', () => {
  const store = { op: 'store', at: at(0), data: { text: 'x', length: 1 } } as const;
  const lines = run(L, [open, mmap(0, 1, 0, { type: 'private' }), { op: 'load', at: at(0), length: 1 }, store]);
  expect(lines.slice(2, 4)).toEqual(['1 ⟦vm_fault pgoff=0 write=0⟧', '1 ⟦⟧']);
});

test('two wrong arguments: the errno is the one that Linux checks first', () => {
  const errno = (more: object, contract = L, access = 'rw'): string | undefined =>
    run(contract, [{ ...open, access } as Step, mmap(0, 1, 0, { place: undefined, ...more })])[1];
  expect(errno({ offset: 1, fd: 'd9' })).toBe('EINVAL ⟦⟧');
  expect(errno({ type: 'none', fd: 'd9' })).toBe('EBADF ⟦⟧');
  expect(errno({ type: 'none', length: 2 ** 47 })).toBe('ENOMEM ⟦⟧');
  expect(errno({ type: 'none', offset: -8192, length: 3 * 4096 })).toBe('EOVERFLOW ⟦⟧');
  expect(errno({ prot: 'rwx' }, L, 'ro')).toBe('EACCES ⟦⟧');
  expect(errno({ prot: 'r-x', length: 5 * 4096 }, L)).toBe('EPERM ⟦⟧');
  expect(errno({ prot: 'r-x', length: 5 * 4096 }, P)).toBe('EINVAL ⟦mmap⟧');
  expect(errno({ type: 'validate', flags: ['unknown'], prot: 'rw-' }, L, 'ro')).toBe('EOPNOTSUPP ⟦⟧');
});

test('mprotect changes what lies before a hole, and merges again what it divided', () => {
  const half = run(P, [open, mmap(0, 1, 0), { op: 'mprotect', at: at(0), length: 8192, prot: 'r--' }]);
  expect(half.slice(2)).toEqual(['ENOMEM ⟦⟧', '0+1 r--s 0 rd sh mr mw me ms sd']);
  const back = run(P, [
    open,
    mmap(0, 3, 0),
    { op: 'mprotect', at: at(1), length: 4096, prot: 'r--' },
    { op: 'mprotect', at: at(1), length: 4096, prot: 'rw-' },
  ]);
  expect(back[4]).toBe('0+3 rw-s 0 rd wr sh mr mw me ms sd');
});

test('step is pure: the same state steps the same way twice', () => {
  const kernel = profile(L, [6, 12]);
  const first = step(initialState(L, kernel, {}), { actor: 'p0', ...open }, L, kernel);
  const before = JSON.stringify([...first.state.descriptions]);
  const write = { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'x', length: 1 } } as const;
  const read = { op: 'read', actor: 'p0', fd: 'd0', length: 4 } as const;
  step(first.state, write, L, kernel);
  expect(JSON.stringify([...first.state.descriptions])).toBe(before);
  expect(step(first.state, read, L, kernel).expected.outcome).toEqual({ ret: 4, data: '61736466' });
});
