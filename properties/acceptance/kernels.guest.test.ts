import { expect, test } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { DEFAULT_SERIES, MEASURED_SERIES } from '../../spec/kernel.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

/** The series that all other tests run on has its turn there. */
const CELLS = MEASURED_SERIES.filter((series) => series !== DEFAULT_SERIES).flatMap((series) =>
  ['lkmc_mmap', 'pages_mmap'].map((contract) => [`kernel:${series}`, contract] as const),
);

test.each(CELLS)('%s does with %s what the model says, on every level', async (name, contract) => {
  const properties = ['corpus', 'lockstep', 'balance', 'isolation', 'leak'] as const;
  const { results, counterexamples } = await tryCampaign(resolveTarget(name), contract, properties, 500);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ verdict }) => verdict)).toEqual(properties.map(() => 'pass'));
  expect(results.find(({ property }) => property === 'lockstep')?.operations).toBeGreaterThan(5000);
});
