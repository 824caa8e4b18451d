import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../reports/read-journal.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const FAULTY = 'mutant:read-ignores-position';

describe('run', () => {
  it('ends with 0, and prints one JSON object, for a target that is right', async () => {
    const directory = temporaryDirectory();
    const args = ['run', '--target', 'sim', '--programs', '20', '--seed', '1', '--out', 'o', '--json'];
    const { exitCode, stdout } = await spawnCli(directory, args);
    expect(JSON.parse(stdout)).toMatchObject({
      seed: 1,
      verdict: 'pass',
      exitCode: 0,
      results: [
        { target: 'sim', contract: 'lkmc_mmap', verdict: 'pass' },
        { target: 'sim', contract: 'pages_mmap', verdict: 'pass' },
      ],
    });
    expect(exitCode).toBe(0);
    expect(readJournal(join(directory, 'o', 'journal.jsonl')).footer?.exitCode).toBe(0);
    expect(existsSync(join(directory, 'o', 'junit.xml'))).toBe(true);
  });

  it('ends with 1 for one that is wrong; its journal, program file and token all replay the failure', async () => {
    const directory = temporaryDirectory();
    const args = ['--target', FAULTY, '--contract', 'pages_mmap', '--property', 'lockstep', '--shrink-time', '1s'];
    const { exitCode, stderr } = await spawnCli(directory, [
      'run',
      ...args,
      '--programs',
      '30',
      '--seed',
      '3',
      '--out',
      'o',
    ]);
    expect(stderr).toContain(`FAIL ${FAULTY} pages_mmap lockstep: breaks `);
    expect(exitCode).toBe(1);
    const { entries } = readJournal(join(directory, 'o', 'journal.jsonl'));
    const token = entries.find((entry) => entry.type === 'counterexample')?.token ?? '';
    for (const what of ['o/journal.jsonl', 'o/counterexample-1.json', token]) {
      const wrong = await spawnCli(directory, ['replay', what, '--target', FAULTY]);
      expect(wrong.stderr).toMatch(/^> +\d+ {2}p0: .* breaks /m);
      expect(wrong.exitCode).toBe(1);
    }
    const right = await spawnCli(directory, ['replay', 'o/counterexample-1.json', '--target', 'sim']);
    expect(right.exitCode).toBe(0);
  });

  it.each([
    ['SIGINT', 3, { verdict: 'incomplete', exitCode: 3 }],
    ['SIGTERM', 3, { verdict: 'incomplete', exitCode: 3 }],
    ['SIGKILL', undefined, undefined],
  ] as const)('%s loses nothing from the journal', async (signal, code, footer) => {
    const directory = temporaryDirectory();
    const args = ['run', '--target', 'sim', '--time', '60s', '--property', 'corpus', '--property', 'lockstep'];
    const run = spawnCli(directory, [...args, '--out', 'o']);
    const path = join(directory, 'o', 'journal.jsonl');
    // Header and target are there: the run is under way.
    await expect.poll(() => existsSync(path) && readJournalLength(path), { timeout: 20_000 }).toBeGreaterThan(1);
    run.kill(signal);
    expect((await run).exitCode).toBe(code);
    const journal = readJournal(path);
    expect(journal.entries[1]).toMatchObject({ type: 'target', target: 'sim' });
    if (footer === undefined) expect(journal.footer).toBeUndefined();
    else expect(journal.footer).toMatchObject(footer);
  });
});

/** The header alone may not be whole yet. */
function readJournalLength(path: string): number {
  try {
    return readJournal(path).entries.length;
  } catch {
    return 0;
  }
}
