import { expect, it } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { listContracts } from '../../spec/io/load.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

const PROGRAMS = 500;
const TIMEOUT_MS = 120_000;

it.each(listContracts())(
  'what the model does satisfies the properties that need no model: %s',
  async (contract) => {
    const properties: PropertyName[] = ['balance', 'isolation'];
    const { results, counterexamples } = await tryCampaign(resolveTarget('reference'), contract, properties, PROGRAMS);
    expect(counterexamples.map(({ property, text }) => `${property}: ${text.join('; ')}`)).toEqual([]);
    expect(results.map(({ property, verdict }) => [property, verdict])).toEqual(
      properties.map((name) => [name, 'pass']),
    );
  },
  TIMEOUT_MS,
);
