import { expect, test } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { umlsReady } from '../../adapters/uml/releases.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

const TARGETS = ['uml:6.1', 'uml:6.1-packaged', 'uml:6.12'];

test.for(TARGETS.flatMap((name) => ['lkmc_mmap', 'pages_mmap'].map((contract) => [name, contract] as const)))(
  '%s does with %s what the model says, on every level',
  async ([name, contract], { skip }) => {
    const ready = await umlsReady();
    skip(
      !ready.includes(name),
      `its kernel takes up to twenty minutes to prepare; first: mmap-conformance prepare ${name}`,
    );
    const properties = ['corpus', 'lockstep', 'balance', 'isolation', 'leak'] as const;
    const { results, counterexamples } = await tryCampaign(resolveTarget(name), contract, properties, 300);
    expect(counterexamples).toEqual([]);
    expect(results.map(({ verdict }) => verdict)).toEqual(properties.map(() => 'pass'));
  },
);
