import { expect, test } from 'vitest';
import { resolveTarget } from '../adapters/targets.ts';
import { umlsReady } from '../adapters/uml/releases.ts';
import { tryCampaign } from './try-campaign.ts';

test.for(['lkmc_mmap', 'pages_mmap'])(
  'uml:6.1 does with %s what the model says, on every level',
  async (contract, { skip }) => {
    const ready = await umlsReady();
    skip(
      !ready.includes('uml:6.1'),
      'its kernel takes up to twenty minutes to compile; first: mmap-conformance prepare uml:6.1',
    );
    const properties = ['corpus', 'lockstep', 'balance', 'isolation', 'leak'] as const;
    const { results, counterexamples } = await tryCampaign(resolveTarget('uml:6.1'), contract, properties, 300);
    expect(counterexamples).toEqual([]);
    expect(results.map(({ verdict }) => verdict)).toEqual(properties.map(() => 'pass'));
  },
);
