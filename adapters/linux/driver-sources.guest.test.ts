import { appendFile, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { prepareSources, SOURCES } from '../uml/kernel.ts';
import { UML_RELEASES } from '../uml/releases.ts';
import { withBuildDirectory } from './build-directory.ts';
import { defaultCacheDir } from './cache.ts';
import { BUILD_ENVIRONMENT } from './modules.ts';
import { runInRoot } from './run-command.ts';
import { kernelRelease } from './releases.ts';
import type { Kernel } from './kernel-source.ts';
import { debianKernel } from './root.ts';

const REPOSITORY = path.join(import.meta.dirname, '../..');
const DRIVERS = ['kmod', 'examples/ring-driver'];

/** What the kernel's tools look at. */
const SOURCE = /\.[ch]$|^Kbuild$/;

/**
 * A driver in the kernel's tree is for one version; these are for all of them. The second complains of the comparison with
 * `KERNEL_VERSION`, which it takes for a constant on the left.
 */
const NOT_FOR_US = ['LINUX_VERSION_CODE', 'CONSTANT_COMPARISON'];

const context = { cacheDir: defaultCacheDir(), onProgress: () => undefined };

/** Runs a command on a copy of a driver's sources, inside a root; returns all that it said. */
async function inCopy(
  root: string,
  driver: string,
  command: (directory: string, files: readonly string[]) => readonly string[],
): Promise<string> {
  return withBuildDirectory(root, async ({ directory, inRoot }) => {
    const files = (await readdir(driver)).filter((name) => SOURCE.test(name));
    for (const name of files) await cp(path.join(driver, name), path.join(directory, name));
    return runInRoot(root, command(inRoot, files), {
      what: `Checking ${driver}`,
      code: 'messages',
      env: { ...BUILD_ENVIRONMENT, LANG: 'C' },
      withMessages: true,
    });
  });
}

/** Builds with every check of the kernel's build system: all warnings of the compiler, and sparse. */
async function sparse({ directory, kernelVersion }: Kernel, driver: string): Promise<string> {
  const checks = ['W=1', 'C=2', 'CF=-Wsparse-error', 'KCFLAGS=-Werror'];
  const tree = `/lib/modules/${kernelVersion}/build`;
  return inCopy(directory, driver, (sources) => ['make', '-s', '-C', tree, `M=${sources}`, ...checks, 'modules']);
}

async function checkpatch(sources: string, driver: string): Promise<string> {
  const program = ['perl', `${SOURCES}/scripts/checkpatch.pl`, `--root=${SOURCES}`];
  const options = ['--strict', '--show-types', '--terse', '--no-summary', `--ignore=${NOT_FOR_US.join(',')}`, '--file'];
  return inCopy(sources, driver, (directory, files) => [
    ...program,
    ...options,
    ...files.map((name) => path.posix.join(directory, name)),
  ]);
}

/** A copy of a driver with lines at the end of one of its files. */
async function spoilt(file: string, lines: string): Promise<string> {
  const copy = await mkdtemp(path.join(tmpdir(), 'spoilt-driver-'));
  onTestFinished(() => rm(copy, { recursive: true }));
  await cp(path.join(REPOSITORY, path.dirname(file)), copy, { recursive: true });
  await appendFile(path.join(copy, path.basename(file)), lines);
  return copy;
}

describe('sparse and the compiler with W=1', () => {
  let root: Kernel;
  beforeAll(async () => {
    root = await debianKernel(kernelRelease('6.12')).provide(context);
  });

  test.each(DRIVERS)('have nothing to say of %s', async (driver) => {
    expect(await sparse(root, path.join(REPOSITORY, driver))).toBe('');
  });

  test('see a pointer into user space that is used as one of the kernel', async () => {
    const lines = 'int peek(const int __user *at);\nint peek(const int __user *at)\n{\n\treturn *at;\n}\n';
    const driver = await spoilt('examples/ring-driver/sample_ring.c', lines);
    await expect(sparse(root, driver)).rejects.toThrow(/dereference of noderef expression/);
  });
});

describe('checkpatch', () => {
  let sources = '';
  beforeAll(async () => {
    const release = UML_RELEASES.find(({ name }) => name === '6.1');
    if (release === undefined) throw new TypeError('there is no uml:6.1');
    sources = (await prepareSources(release, context)).directory;
  });

  test.each(DRIVERS)('has nothing to say of %s', async (driver) => {
    expect(await checkpatch(sources, path.join(REPOSITORY, driver))).toBe('');
  });

  test('sees a word that is misspelt, and a space too many', async () => {
    const driver = await spoilt('examples/ring-driver/sample_ring.c', '/* A seperate word. */ \n');
    await expect(checkpatch(sources, driver)).rejects.toThrow(/TYPO_SPELLING.*\n.*TRAILING_WHITESPACE/);
  });
});
