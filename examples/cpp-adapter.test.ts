import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const SOURCE = fileURLToPath(new URL('./cpp-adapter/adapter.cpp', import.meta.url));
const INSERT = fileURLToPath(new URL('./ring-driver/ring-insert.json', import.meta.url));
const compiler = spawnSync('g++', ['--version']);

/** How many programs must pass at least, of 200 generated ones and those of the corpus; the others have what it does not claim. */
const PASSING = { lkmc_mmap: 140, pages_mmap: 150 };

/** Builds the adapter, or one that is wrong in one place. */
function build(wrong?: { readonly right: string; readonly wrong: string }): string {
  const adapter = join(temporaryDirectory(), 'adapter');
  const source = readFileSync(SOURCE, 'utf8');
  if (wrong !== undefined) expect(source.split(wrong.right)).toHaveLength(2);
  const input = wrong === undefined ? source : source.replace(wrong.right, wrong.wrong);
  execFileSync('g++', ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-x', 'c++', '-o', adapter, '-'], { input });
  return adapter;
}

async function run(
  adapter: string,
  contract: string,
): Promise<{ exitCode: number | undefined; stderr: string; verdicts: Record<string, number> }> {
  const args = ['--contract', contract, '--property', 'corpus', '--property', 'lockstep', '--programs', '200'];
  const ran = await spawnCli(temporaryDirectory(), ['run', '--adapter', adapter, ...args, '--seed', '1', '--json']);
  const [result] = (JSON.parse(ran.stdout) as { results: { verdicts: Record<string, number> }[] }).results;
  return { exitCode: ran.exitCode, stderr: ran.stderr, verdicts: result?.verdicts ?? {} };
}

// Without g++ there is nothing to build it with; that is a reason, and the only one.
describe.skipIf(compiler.status !== 0)('the adapter in C++', () => {
  let adapter = '';
  beforeAll(() => {
    adapter = build();
  });

  it('has no problem, serves both contracts, and yields what the model yields', async () => {
    const { exitCode, stderr } = await spawnCli(temporaryDirectory(), ['adapter', 'check', adapter]);
    expect(stderr).toContain('cpp-memfd 1: outcome; 33 operations');
    expect(stderr).toMatch(/note: (\d+) of \1 of these programs yield what the reference model yields/);
    expect(stderr).not.toContain('It does not serve the contract');
    expect(exitCode).toBe(0);
  });

  it.each(['lkmc_mmap', 'pages_mmap'] as const)('agrees with the model on %s', async (contract) => {
    const { exitCode, stderr, verdicts } = await run(adapter, contract);
    expect(stderr).not.toContain('FAIL');
    expect(verdicts).toMatchObject({ fail: 0, flaky: 0, errored: 0 });
    expect(verdicts['pass']).toBeGreaterThan(PASSING[contract]);
    expect(exitCode).toBe(0);
  });

  it('is found out where it is wrong', async () => {
    const forgets = build({
      right: 'd.buffer->put(bytes.data(), n, at);',
      wrong: 'if (n > 1) d.buffer->put(bytes.data(), n, at);',
    });
    const { exitCode, verdicts } = await run(forgets, 'pages_mmap');
    expect(verdicts['fail']).toBeGreaterThan(0);
    expect(exitCode).toBe(1);
  });

  it('refuses what it does not serve: skipped, with its sentence', async () => {
    const args = ['--contract', INSERT, '--property', 'lockstep'];
    const { exitCode, stderr } = await spawnCli(temporaryDirectory(), ['run', '--adapter', adapter, ...args]);
    expect(stderr).toContain('skipped: Pages that are put in place in mmap ("insert") cannot be had from a memfd.');
    expect(exitCode).toBe(3);
  });
});
