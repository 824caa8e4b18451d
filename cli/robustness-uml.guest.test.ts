import { mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { defaultCacheDir } from '../adapters/linux/cache.ts';
import { BUILD_DIR } from '../adapters/linux/root.ts';
import { umlsReady } from '../adapters/uml/releases.ts';
import { readJournal } from '../reports/read-journal.ts';
import { processesBelow, type RunningProcess, stillRunning } from '../tools/testing/process-tree.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';
import {
  eventually,
  expectNextRunToPass,
  expectTrouble,
  killAfterTest,
  runArguments,
  startRun,
} from '../tools/testing/underway.ts';

const TARGET = 'uml:6.1';

let ready = false;
beforeAll(async () => {
  ready = (await umlsReady()).includes(TARGET);
});

const isKernel = ({ command }: RunningProcess): boolean => /^\S+\/linux mem=/.test(command);

/** A cache with nothing but these layers of the user's own, which are links. */
function cacheWith(directory: string, prefixes: readonly string[]): string {
  const cache = join(directory, 'mmap-conformance');
  mkdirSync(cache);
  for (const name of readdirSync(defaultCacheDir())) {
    if (name.includes('.tmp-') || !prefixes.some((prefix) => name.startsWith(prefix))) continue;
    symlinkSync(join(defaultCacheDir(), name), join(cache, name));
  }
  return cache;
}

/** What a build that is killed leaves in the user's own layer goes with the test. */
function tidyBuildsAfterTest(cache: string): void {
  const builds = readdirSync(cache)
    .filter((name) => name.startsWith('uml-sources-'))
    .map((name) => realpathSync(join(cache, name, BUILD_DIR)));
  const before = new Set(builds.flatMap((directory) => readdirSync(directory).map((name) => join(directory, name))));
  onTestFinished(() => {
    for (const directory of builds) {
      for (const name of readdirSync(directory)) {
        if (!before.has(join(directory, name))) rmSync(join(directory, name), { recursive: true });
      }
    }
  });
}

describe(TARGET, () => {
  it.for(['the kernel', 'every process of the guest'])(
    '%s is killed, which costs only what it was doing',
    async (what, { skip }) => {
      skip(!ready, `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
      const underway = await startRun(TARGET, '8s');
      let killed: RunningProcess[] = [];
      await eventually(() => {
        const all = processesBelow(underway.pid).filter(isKernel);
        // A process of the guest is one of the host's, which has the kernel's name and is its child.
        const kernels = all.filter(({ parent }) => !all.some(({ pid }) => pid === parent));
        killed = what === 'the kernel' ? kernels : all.filter((one) => !kernels.includes(one));
        return killed.length > 0;
      });
      // Those of programs come and go meanwhile.
      for (const { pid } of stillRunning(killed)) process.kill(pid, 'SIGKILL');
      await eventually(() => stillRunning(killed).length === 0);
      await expectTrouble(underway, /ended|crashed|silent/);
      await expectNextRunToPass(underway.directory, TARGET);
    },
  );

  it.for(['SIGKILL', 'SIGINT'] as const)(
    'a run that is ended by %s leaves no process behind',
    async (signal, { skip }) => {
      skip(!ready, `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
      const { pid, run, journal, directory } = await startRun(TARGET, '600s');
      const left = processesBelow(pid);
      killAfterTest(left);
      expect(left.filter(isKernel)).not.toEqual([]);
      run.kill(signal);
      await run;
      await eventually(() => stillRunning(left).length === 0);
      expect(readJournal(journal).footer?.verdict).toBe(signal === 'SIGINT' ? 'incomplete' : undefined);
      await expectNextRunToPass(directory, TARGET);
    },
  );

  it('a disk that is full while it is prepared costs nothing but room', async ({ skip }) => {
    skip(!ready, `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
    skip(process.getuid?.() !== 0, 'only root can mount a small disk');
    const home = temporaryDirectory();
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'small-disk', home]);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await execa('umount', [home]);
    });
    const cache = cacheWith(home, ['uml-sources-6.1-', 'uml-kernel-6.1-', 'helper-']);
    vi.stubEnv('XDG_CACHE_HOME', home);
    const directory = temporaryDirectory();
    const full = await spawnCli(directory, ['prepare', TARGET]);
    expect(full.stderr).toMatch(/no space left on device/i);
    expect(full.exitCode).toBe(3);
    expect(readdirSync(cache).filter((name) => /^(image|modules)-/.test(name) && name.includes('.tmp-'))).toEqual([]);
    await execa('mount', ['-o', 'remount,size=64m', home]);
    await expectNextRunToPass(directory, TARGET);
  });

  it.for(['SIGKILL', 'SIGINT'] as const)('a kernel that is being compiled stops at %s', async (signal, { skip }) => {
    skip(!ready, `its sources are not here; first: mmap-conformance prepare ${TARGET}`);
    const home = temporaryDirectory();
    const cache = cacheWith(home, ['uml-sources-6.1-', 'helper-']);
    tidyBuildsAfterTest(cache);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    vi.stubEnv('XDG_CACHE_HOME', home);
    const prepare = spawnCli(temporaryDirectory(), ['prepare', TARGET]);
    await eventually(() => processesBelow(prepare.pid ?? 0).some(({ command }) => /\bcc1 /.test(command)));
    const left = processesBelow(prepare.pid ?? 0);
    killAfterTest(left);
    prepare.kill(signal);
    const { exitCode, signal: endedBy } = await prepare;
    await eventually(() => stillRunning(left).length === 0);
    if (signal === 'SIGKILL') expect(endedBy).toBe('SIGKILL');
    else expect(exitCode).toBe(3);
    const made = readdirSync(cache).filter((name) => name.startsWith('uml-kernel-'));
    // Half a kernel is never taken for a whole one.
    expect(made.filter((name) => !name.includes('.tmp-'))).toEqual([]);
    if (signal === 'SIGINT') expect(made).toEqual([]);
    const { stdout } = await spawnCli(temporaryDirectory(), ['targets', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      targets: expect.arrayContaining([expect.objectContaining({ name: TARGET, state: 'needs prepare' })]) as object,
    });
  });

  it('two runs at the same time make its modules and its image only once', async ({ skip }) => {
    skip(!ready, `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
    const home = temporaryDirectory();
    const cache = cacheWith(home, ['uml-sources-6.1-', 'uml-kernel-6.1-', 'helper-']);
    vi.stubEnv('XDG_CACHE_HOME', home);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(home, { recursive: true });
    });
    const runs = [1, 2].map(() =>
      spawnCli(temporaryDirectory(), runArguments(TARGET, '--programs', '50', '--out', 'o')),
    );
    for (const { exitCode, stderr } of await Promise.all(runs)) expect(exitCode, stderr).toBe(0);
    expect(readdirSync(cache).filter((name) => name.startsWith('image-'))).toHaveLength(1);
    // Its port, and the drivers.
    expect(readdirSync(cache).filter((name) => name.startsWith('modules-'))).toHaveLength(2);
  });
});
