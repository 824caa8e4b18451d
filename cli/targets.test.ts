import { expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const directory = temporaryDirectory();

async function list(...options: string[]): Promise<string[]> {
  const { stderr, exitCode } = await spawnCli(directory, ['targets', ...options]);
  expect(exitCode).toBe(0);
  return stderr.split('\n');
}

it('planted bugs are counted in one line, and listed where they are asked for', async () => {
  const [few, all] = [await list(), await list('--all')];
  const faulty = all.filter((line) => line.startsWith('mutant:'));
  expect(few.some((line) => line.startsWith('mutant:'))).toBe(false);
  expect(few).toContain(`${String(faulty.length)} simulators with a planted bug: --all lists them`);
  expect(faulty.length).toBeGreaterThan(10);
});

it('what is known without them fits a terminal', async () => {
  const lines = await list();
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.length).toBeLessThanOrEqual(24);
});
