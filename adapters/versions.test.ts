import { expect, test } from 'vitest';
import lkmc from '../spec/contracts/lkmc_mmap.json' with { type: 'json' };
import { Contract } from '../spec/contract.ts';
import manifest from '../package.json' with { type: 'json' };
import { Session } from '../properties/engine/session.ts';
import { resolveTarget } from './targets.ts';

test.each(['sim', 'reference', 'memfd'])('%s has the version of the package', async (name) => {
  const target = await resolveTarget(name).prepare({ onProgress: () => undefined });
  const session = await Session.open(target, Contract.parse(lkmc));
  try {
    expect(session.started.implementation.version).toBe(manifest.version);
  } finally {
    await session.close();
  }
});
