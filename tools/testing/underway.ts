import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { readJournal } from '../../reports/read-journal.ts';
import { type RunningProcess, stillRunning } from './process-tree.ts';
import { spawnCli, temporaryDirectory } from './spawn-cli.ts';

/** Within this time everything happens that has to happen at all: twice the silence after which a target counts as hung. */
const DEADLINE_MS = 60_000;

/** A run that is under way: at least one batch of programs is at the target. */
export interface Underway {
  readonly pid: number;
  readonly run: ReturnType<typeof spawnCli>;
  readonly journal: string;
  readonly directory: string;
}

export function runArguments(target: string, ...more: string[]): string[] {
  return ['run', '--target', target, '--contract', 'lkmc_mmap', '--property', 'lockstep', '--seed', '1', ...more];
}

/** Whatever a failing test finds left behind is not left to the next one. */
export function killAfterTest(processes: readonly RunningProcess[]): void {
  onTestFinished(() => {
    for (const { pid } of stillRunning(processes)) process.kill(pid, 'SIGKILL');
  });
}

export async function startRun(target: string, time: string): Promise<Underway> {
  const directory = temporaryDirectory();
  const run = spawnCli(directory, runArguments(target, '--time', time, '--out', 'o'));
  const pid = run.pid ?? 0;
  onTestFinished(() => {
    run.kill('SIGKILL');
  });
  const journal = join(directory, 'o', 'journal.jsonl');
  // With its entry the target has answered, so programs follow at once.
  await eventually(() => entryTypes(journal).includes('target'));
  await sleep(500);
  return { pid, run, journal, directory };
}

export function entryTypes(journal: string): string[] {
  if (!existsSync(journal)) return [];
  try {
    return readJournal(journal).entries.map(({ type }) => type);
  } catch {
    // The header is not whole yet.
    return [];
  }
}

export async function eventually(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: DEADLINE_MS, interval: 50 }).toBe(true);
}

export async function expectNextRunToPass(directory: string, target: string): Promise<void> {
  const next = await spawnCli(directory, runArguments(target, '--programs', '20', '--out', 'next'));
  expect(next.exitCode, next.stderr).toBe(0);
}

/** The run was told of the trouble, went on to its end, and says so. */
export async function expectTrouble({ run, journal }: Underway, message: RegExp): Promise<void> {
  const { exitCode } = await run;
  const { entries, footer, cutOff } = readJournal(journal);
  const troubles = entries.flatMap((entry) => (entry.type === 'trouble' ? [entry.message] : []));
  expect(troubles).toContainEqual(expect.stringMatching(message));
  expect(cutOff).toBe(false);
  expect(footer).toMatchObject({ verdict: 'errored', exitCode: 3 });
  expect(exitCode).toBe(3);
  // What was checked before and after counts.
  const result = entries.find((entry) => entry.type === 'result');
  expect(result?.verdicts.pass).toBeGreaterThan(0);
  expect(result?.verdicts.fail).toBe(0);
}
