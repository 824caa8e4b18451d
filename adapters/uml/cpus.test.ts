import { expect, test } from 'vitest';
import { leaseCpu, parseCpuList } from './cpus.ts';

test.each([
  ['0', [0]],
  ['0-3,8', [0, 1, 2, 3, 8]],
  ['2,4-5', [2, 4, 5]],
  ['', []],
])('the list %o', (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus);
});

test('a guest gets the processor with the fewest guests, and gives it back once only', () => {
  const first = leaseCpu();
  first.release();
  first.release();
  const again = leaseCpu();
  expect(again.number).toBe(first.number);
  const all = [again, ...Array.from({ length: 15 }, leaseCpu)];
  const counts = Object.values(Object.groupBy(all, ({ number }) => number)).map((leases = []) => leases.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  for (const lease of all) lease.release();
});
