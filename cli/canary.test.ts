import { expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

/** Wrong simulators that show it in almost every program; each failure starts some of them anew, so few programs are enough. */
const WRONG = ['vm-open-not-called', 'vma-flags-not-set'];

/** Milliseconds: what a busy machine needs to start them all. */
const TIMEOUT = 600_000;

it('a suite that has stopped to find anything is noticed: the command ends with 1', { timeout: TIMEOUT }, async () => {
  const targets = WRONG.flatMap((mutant) => ['--target', `mutant:${mutant}`]);
  const { exitCode, stdout } = await spawnCli(temporaryDirectory(), [
    'run',
    ...targets,
    ...['--contract', 'lkmc_mmap', '--property', 'lockstep', '--seed', '1', '--programs', '5', '--shrink-time', '1s'],
    ...['--out', 'o', '--json'],
  ]);
  const { verdict, results } = JSON.parse(stdout) as {
    verdict: string;
    results: readonly { target: string; verdict: string }[];
  };
  expect(results.map((result) => [result.target, result.verdict])).toEqual(
    WRONG.map((mutant) => [`mutant:${mutant}`, 'fail']),
  );
  expect({ verdict, exitCode }).toEqual({ verdict: 'fail', exitCode: 1 });
});
