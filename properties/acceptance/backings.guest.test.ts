import { expect, test } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import type { JournalEntry } from '../../spec/journal.ts';
import { loadContract } from '../../spec/io/load.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { runCampaign } from '../engine/campaign.ts';

test.each(['array', 'kmalloc'])('pages_mmap behaves alike with its pages from %s', async (backing) => {
  const target = resolveTarget('kernel:6.12', {
    name: `kernel:6.12 backing=${backing}`,
    modules: [{ name: 'pages_mmap', params: `backing=${backing}` }],
  });
  const entries: JournalEntry[] = [];
  await runCampaign({
    target: await prepared(target),
    contract: loadContract('pages_mmap'),
    properties: ['corpus', 'lockstep', 'balance', 'isolation', 'leak'],
    seed: 20,
    programs: 300,
    shrinkMs: 10_000,
    signal: new AbortController().signal,
    write: (entry) => entries.push(entry),
    onProgress: () => undefined,
  });
  const results = entries.filter((entry) => entry.type === 'result');
  expect(results.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass']);
  expect(results[1]?.operations).toBeGreaterThan(3000);
});
