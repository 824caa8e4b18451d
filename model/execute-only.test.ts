import { expect, it } from 'vitest';
import { type Act, P, run } from './fixtures.ts';

const at = { map: 'm0', offset: 0 };
const ACTS: readonly Act[] = [
  { op: 'open', to: 'd0', access: 'rw' },
  { op: 'mmap', to: 'm0', fd: 'd0', length: 4096, offset: 0, prot: '--x', type: 'shared' },
  { op: 'load', at, length: 1 },
  { op: 'store', at, data: { text: 'x', length: 1 } },
];

it.each([
  // Measured on Linux 6.18 on a processor with protection keys, and on one without.
  [true, ['SIGSEGV/PKUERR@0', 'SIGSEGV/PKUERR@0']],
  [false, ['1 [00] ⟦vm_fault pgoff=0 write=0⟧', 'SIGSEGV/ACCERR@0']],
])('a load and a store where memory can be execute-only: %s', (executeOnly, outcomes) => {
  expect(run(P, ACTS, { facts: { executeOnly } }).slice(2, 4)).toEqual(outcomes);
});
