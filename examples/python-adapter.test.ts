import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const COMMAND = `python3 ${fileURLToPath(new URL('./python-adapter/adapter.py', import.meta.url))}`;
const python = spawnSync('python3', ['--version']);

// Without python3 there is nothing to run it with; that is a reason, and the only one.
describe.skipIf(python.status !== 0)('the adapter in Python', () => {
  it('has no problem, and says which contract it does not serve', async () => {
    const { exitCode, stderr } = await spawnCli(temporaryDirectory(), ['adapter', 'check', COMMAND]);
    expect(stderr).toContain('11 of 11 of these programs yield what the reference model yields');
    expect(stderr).toContain('note: It does not serve the contract lkmc_mmap: a memfd is one buffer for all');
    expect(exitCode).toBe(0);
  });

  it('agrees with the model', async () => {
    const args = ['--contract', 'pages_mmap', '--property', 'corpus', '--property', 'lockstep', '--seed', '1'];
    const run = await spawnCli(temporaryDirectory(), [
      'run',
      '--adapter',
      COMMAND,
      ...args,
      '--programs',
      '300',
      '--json',
    ]);
    expect(run.stderr).not.toContain('FAIL');
    expect(run.exitCode).toBe(0);
    const [result] = (JSON.parse(run.stdout) as { results: { verdicts: Record<string, number> }[] }).results;
    expect(result?.verdicts).toMatchObject({ fail: 0, flaky: 0, errored: 0 });
    expect(result?.verdicts['pass']).toBeGreaterThan(120);
  });

  it('refuses what it does not serve: skipped, with its sentence', async () => {
    const args = ['--contract', 'lkmc_mmap', '--property', 'lockstep'];
    const { exitCode, stderr } = await spawnCli(temporaryDirectory(), ['run', '--adapter', COMMAND, ...args]);
    expect(stderr).toContain('skipped: a memfd is one buffer for all');
    expect(exitCode).toBe(3);
  });
});
