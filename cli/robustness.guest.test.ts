import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultCacheDir } from '../adapters/linux/cache.ts';
import { readJournal } from '../reports/read-journal.ts';
import { processesBelow, type RunningProcess, stillRunning } from '../tools/testing/process-tree.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';
import {
  entryTypes,
  eventually,
  expectNextRunToPass,
  expectTrouble,
  killAfterTest,
  runArguments,
  startRun,
} from '../tools/testing/underway.ts';

const GUEST = 'kernel:6.12';

const guests = (pid: number): RunningProcess[] => {
  return processesBelow(pid).filter(({ command }) => command.startsWith('qemu-system'));
};
const helpers = (pid: number): RunningProcess[] => {
  return processesBelow(pid).filter(({ command }) => command.endsWith(' --memfd'));
};
/** The helper's first process is the run's child; the one that performs programs is its child. */
const supervisor = (pid: number): RunningProcess => {
  const found = helpers(pid).find(({ parent }) => parent === pid);
  if (found === undefined) throw new Error('no helper runs');
  return found;
};

describe('a target that is killed in the middle of a run costs only what it was doing', () => {
  it('the guest', async () => {
    const underway = await startRun(GUEST, '10s');
    const before = guests(underway.pid);
    const killed = before.slice(0, 1);
    expect(killed).toHaveLength(1);
    for (const { pid } of killed) process.kill(pid, 'SIGKILL');
    await eventually(() => stillRunning(killed).length === 0);
    // Another guest takes its place.
    const known = new Set(before.map(({ pid }) => pid));
    await eventually(() => guests(underway.pid).some(({ pid }) => !known.has(pid)));
    await expectTrouble(underway, /ended by SIGKILL/);
    await expectNextRunToPass(underway.directory, GUEST);
  });

  it('the helper', async () => {
    const underway = await startRun('memfd', '5s');
    const before = helpers(underway.pid);
    process.kill(supervisor(underway.pid).pid, 'SIGKILL');
    await eventually(() => stillRunning(before).length === 0);
    await expectTrouble(underway, /ended by SIGKILL/);
    await expectNextRunToPass(underway.directory, 'memfd');
  });

  it('the process of the helper that performs programs', async () => {
    const underway = await startRun('memfd', '5s');
    const first = supervisor(underway.pid).pid;
    // It may be waiting for programs at the moment when it is hit, and nothing is lost then.
    await eventually(() => {
      const worker = helpers(underway.pid).find(({ parent }) => parent === first);
      if (worker !== undefined) process.kill(worker.pid, 'SIGKILL');
      return entryTypes(underway.journal).includes('trouble');
    });
    await expectTrouble(underway, /killed by SIGKILL|ended by itself/);
    await expectNextRunToPass(underway.directory, 'memfd');
  });
});

describe.each([GUEST, 'memfd'])('a run on %s that is ended leaves nothing behind but its journal', (target) => {
  it('by SIGKILL: without a footer, so it is incomplete', async () => {
    const { pid, run, journal, directory } = await startRun(target, '600s');
    const left = processesBelow(pid);
    killAfterTest(left);
    expect(left).not.toEqual([]);
    run.kill('SIGKILL');
    expect((await run).signal).toBe('SIGKILL');
    await eventually(() => stillRunning(left).length === 0);
    const { entries, footer } = readJournal(journal);
    expect(entries.map(({ type }) => type)).toEqual(['header', 'target']);
    expect(footer).toBeUndefined();
    await expectNextRunToPass(directory, target);
  });

  it('by SIGINT: with a footer that says so', async () => {
    const { pid, run, journal } = await startRun(target, '600s');
    const left = processesBelow(pid);
    killAfterTest(left);
    run.kill('SIGINT');
    expect((await run).exitCode).toBe(3);
    await eventually(() => stillRunning(left).length === 0);
    const { footer, cutOff } = readJournal(journal);
    expect(footer).toMatchObject({ verdict: 'incomplete', exitCode: 3 });
    expect(cutOff).toBe(false);
  });
});

it('a helper that hangs does not outlive its run', async () => {
  const { pid, run } = await startRun('memfd', '600s');
  const left = helpers(pid);
  killAfterTest(left);
  const first = supervisor(pid);
  for (const { parent, pid: worker } of left) if (parent === first.pid) process.kill(worker, 'SIGSTOP');
  run.kill('SIGKILL');
  await run;
  await eventually(() => stillRunning(left).length === 0);
});

it('two runs at the same time make the modules, the image and the state only once', async () => {
  const home = temporaryDirectory();
  const cache = join(home, 'mmap-conformance');
  mkdirSync(cache);
  // The root takes minutes, so it is taken as it is; all that is built from it is missing.
  for (const name of readdirSync(defaultCacheDir())) {
    if (name.startsWith('root-6.12-') && !name.includes('.tmp-')) {
      symlinkSync(join(defaultCacheDir(), name), join(cache, name));
    }
  }
  vi.stubEnv('XDG_CACHE_HOME', home);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    // The root is a link, which goes without what it points to.
    rmSync(home, { recursive: true, force: true });
  });
  const runs = [1, 2].map(() => spawnCli(temporaryDirectory(), runArguments(GUEST, '--programs', '50', '--out', 'o')));
  for (const { exitCode, stderr } of await Promise.all(runs)) expect(exitCode, stderr).toBe(0);
  const kinds = readdirSync(cache).map((name) => name.replace(/-.*/, ''));
  for (const kind of ['modules', 'image', 'state']) expect(kinds.filter((other) => other === kind)).toEqual([kind]);
});
