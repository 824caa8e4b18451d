import { expect, test } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

test.each([
  ['kernel:5.10', 'lkmc_mmap'],
  ['kernel:5.10', 'pages_mmap'],
  ['kernel:6.1', 'lkmc_mmap'],
  ['kernel:6.1', 'pages_mmap'],
  ['kernel:7.3', 'lkmc_mmap'],
  ['kernel:7.3', 'pages_mmap'],
])('%s does with %s what the model says, on every level', async (name, contract) => {
  const properties = ['corpus', 'lockstep', 'balance', 'isolation', 'leak'] as const;
  const { results, counterexamples } = await tryCampaign(resolveTarget(name), contract, properties, 500);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ verdict }) => verdict)).toEqual(properties.map(() => 'pass'));
  expect(results.find(({ property }) => property === 'lockstep')?.operations).toBeGreaterThan(5000);
});
