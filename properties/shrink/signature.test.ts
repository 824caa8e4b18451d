import { expect, test } from 'vitest';
import type { Disagreement } from '../../spec/journal.ts';
import { signature } from './signature.ts';

const complains = (...observed: string[]): Disagreement => ({
  clause: 'HEALTH-01',
  level: 'reports',
  step: 1,
  expected: [],
  observed,
});
const left = (name: string): Disagreement => ({
  clause: 'HEALTH-03',
  level: 'health',
  step: 1,
  expected: [],
  observed: [{ what: 'page', count: 1, function: name, step: 0 }],
});

test('what the kernel reports of different functions are different failures', () => {
  const read = complains('BUG: KASAN: use-after-free in lkmc_read+0x4a/0x80 [lkmc_mmap]');
  const other = complains('BUG: KASAN: slab-out-of-bounds in lkmc_read+0x12/0x90 [lkmc_mmap]');
  const write = complains('======', 'BUG: sleeping function called from invalid context, in lkmc_write [lkmc_mmap]');
  expect(signature(read)).toBe('reports HEALTH-01 lkmc_read');
  expect(signature(other)).toBe(signature(read));
  expect(signature(write)).toBe('reports HEALTH-01 lkmc_write');
  expect(signature(complains('Kernel panic'))).toBe('reports HEALTH-01');
});

test('leaks of different functions are different failures', () => {
  expect(signature(left('lkmc_open'))).toBe('health HEALTH-03 lkmc_open');
  expect(signature(left('lkmc_mmap'))).not.toBe(signature(left('lkmc_open')));
});
