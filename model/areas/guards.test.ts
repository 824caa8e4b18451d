import { expect, test } from 'vitest';
import { type Act, P, run, type Version } from '../fixtures.ts';

const m0 = { map: 'm0', offset: 0 };

const OPS: readonly Act[] = [
  { op: 'open', to: 'd0', access: 'rw' },
  { op: 'mmap', to: 'm0', fd: 'd0', length: 8192, offset: 0, prot: 'rw-', type: 'shared' },
  { op: 'madvise', at: m0, length: 4096, advice: 'guard_install' },
  { op: 'fork', to: 'p1' },
  { op: 'load', actor: 'p1', at: m0, length: 1 },
  { op: 'load', actor: 'p1', at: { map: 'm0', offset: 4096 }, length: 1 },
];

// Measured on 6.18, with memfds and /dev/zero.
test.each<Version>([
  [6, 15],
  [6, 18],
  [7, 3],
])('a fork copies guard regions, also of an area without private copies: %s.%s', (...version) => {
  expect(run(P, OPS, { version }).slice(2, 6)).toEqual([
    '0',
    '0',
    'SIGSEGV/MAPERR@0',
    '1 [00] ⟦vm_fault pgoff=1 write=0⟧',
  ]);
});
