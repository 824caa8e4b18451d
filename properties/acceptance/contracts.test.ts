import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { MEASURED_SERIES } from '../../spec/kernel.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

/** Ways to describe a device that no shipped contract takes: pages in place, refusals, no read, no write. */
const CONTRACTS = ['ring-fault', 'ring-insert', 'ring-remap'];

const CELLS = CONTRACTS.flatMap((name) => MEASURED_SERIES.map((series) => [name, series] as const));

it.each(CELLS)('the simulator does what the model says of %s on Linux %s', async (name, series) => {
  const contract = fileURLToPath(new URL(`../../examples/ring-driver/${name}.json`, import.meta.url));
  const { results, counterexamples } = await tryCampaign(
    resolveTarget(`sim:${series}`),
    contract,
    ['lockstep', 'balance', 'isolation'],
    150,
  );
  expect(counterexamples).toEqual([]);
  expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['pass']));
});
