import { copyFile, cp, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ConformanceError } from '../../spec/errors.ts';
import { withBuildDirectory } from './build-directory.ts';
import { buildLayer, layerKey } from './cache.ts';
import { run, runInRoot } from './run-command.ts';
import type { BuildRoot } from './kernel-source.ts';

/** Raise it when this file builds other modules from the same sources. */
const BUILD_VERSION = 1;

/** What earlier builds leave in a source directory, and what is no source of the modules themselves. */
const NOT_SOURCES =
  /(^|\/)(mutants|node_modules|\.git|\.tmp_versions)(\/|$)|\.(o|ko|a|mod|mod\.c|cmd|dwo)$|(^|\/)(Module\.symvers|modules\.order)$/;

/**
 * Where a layer keeps what explains the counters of modules that were built with them: the compiler's notes, of what each
 * module is linked, and the sources as they were compiled.
 */
export const NOTES_DIR = 'notes';
const NOTE = /\.(gcno|mod)$/;

/** What commands in a root are told: nothing of this machine gets into what they build. */
export const BUILD_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  HOME: '/',
  KBUILD_BUILD_USER: 'kit',
  KBUILD_BUILD_HOST: 'kit',
};

export interface ModulesOptions {
  readonly root: BuildRoot;
  /** A directory that `make M=` can build. */
  readonly sourceDir: string;
  /** What `make` is told besides: variables that instrument what is built. */
  readonly variables?: readonly string[];
  /** A unified diff (for `patch -p1`) to apply first. */
  readonly patch?: string;
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltModules {
  readonly directory: string;
  readonly key: string;
  /** The names of the modules, sorted, without `.ko`. */
  readonly names: readonly string[];
}

/**
 * Builds the modules of a directory against the headers of a root, or finds them in the cache. Warnings are errors.
 *
 * @throws ConformanceError with code `no-sources`, `patch-failed` or `modules-failed` and the compiler's messages
 */
export async function buildModules(options: ModulesOptions): Promise<BuiltModules> {
  const sources = await listSources(options.sourceDir);
  const patch = options.patch === undefined ? undefined : await readFile(options.patch);
  const contents = await Promise.all(
    sources.map(async (name) => [name, await readFile(path.join(options.sourceDir, name))]),
  );
  const key = layerKey([
    'modules',
    String(BUILD_VERSION),
    options.root.key,
    options.root.kernelVersion,
    contents,
    patch ?? 'no patch',
    options.variables ?? [],
  ]);
  const directory = await buildLayer({ ...options, name: 'modules', key }, async (target) => {
    options.onProgress(`Building the modules for Linux ${options.root.kernelVersion}.`);
    await compile(options, sources, target);
  });
  const names = (await readdir(directory))
    .filter((name) => name.endsWith('.ko'))
    .map((name) => path.basename(name, '.ko'));
  return { directory, key, names: names.sort() };
}

async function listSources(sourceDir: string): Promise<readonly string[]> {
  const entries = await readdir(sourceDir, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new ConformanceError('usage', 'no-sources', `The module directory ${sourceDir} cannot be read.`, { cause });
  });
  const sources = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(sourceDir, path.join(entry.parentPath, entry.name)))
    .filter((name) => !NOT_SOURCES.test(name))
    .sort();
  if (!sources.includes('Kbuild') && !sources.includes('Makefile')) {
    throw new ConformanceError(
      'usage',
      'no-sources',
      `The module directory ${sourceDir} has neither a Kbuild nor a Makefile.`,
      {
        hint: 'Name the directory that you would give to make as M=.',
      },
    );
  }
  return sources;
}

async function compile(options: ModulesOptions, sources: readonly string[], target: string): Promise<void> {
  const { root } = options;
  await withBuildDirectory(root.directory, async (at) => {
    for (const name of sources) await cp(path.join(options.sourceDir, name), path.join(at.directory, name));
    await applyPatch(options, at.directory);
    await withTree(root, (tree) => make(options, at.inRoot, tree));
    const built = (await readdir(at.directory)).filter((name) => name.endsWith('.ko'));
    if (built.length === 0) {
      throw new ConformanceError('usage', 'no-modules', `Building ${options.sourceDir} made no module.`, {
        hint: 'Its Kbuild file must name at least one: obj-m := NAME.o',
      });
    }
    await Promise.all(built.map((name) => copyFile(path.join(at.directory, name), path.join(target, name))));
    await keepNotes(at.directory, sources, path.join(target, NOTES_DIR));
  });
}

async function applyPatch({ patch, signal }: ModulesOptions, directory: string): Promise<void> {
  if (patch === undefined) return;
  const input = `--input=${path.resolve(patch)}`;
  await run('patch', ['--strip=1', '--batch', '--forward', '--fuzz=0', '--no-backup-if-mismatch', input], {
    what: `Applying ${patch}`,
    code: 'patch-failed',
    cwd: directory,
    ...(signal && { signal }),
  });
}

/** What modules are built against: the headers in the root, or a copy of the tree that a kernel was built in. */
async function withTree(root: BuildRoot, build: (tree: string) => Promise<void>): Promise<void> {
  const { buildTree } = root;
  if (buildTree === undefined) return build(`/lib/modules/${root.kernelVersion}/build`);
  return withBuildDirectory(root.directory, async ({ directory, inRoot }) => {
    await cp(buildTree, directory, { recursive: true, verbatimSymlinks: true });
    await build(inRoot);
  });
}

/** Builds what lies in a directory; both places are those in the root. */
async function make({ root, variables = [], signal }: ModulesOptions, sources: string, tree: string): Promise<void> {
  const what = [...(root.makeArguments ?? []), `M=${sources}`, '-j2', 'KCFLAGS=-Werror', ...variables, 'modules'];
  await runInRoot(root.directory, ['make', '-C', tree, ...what], {
    what: `Building the modules for Linux ${root.kernelVersion}`,
    code: 'modules-failed',
    env: BUILD_ENVIRONMENT,
    ...(signal && { signal }),
  });
}

/** Nothing is kept of modules without counters. */
async function keepNotes(buildDir: string, sources: readonly string[], target: string): Promise<void> {
  const notes = (await readdir(buildDir, { recursive: true })).filter((name) => NOTE.test(name));
  if (!notes.some((name) => name.endsWith('.gcno'))) return;
  for (const name of [...notes, ...sources]) await cp(path.join(buildDir, name), path.join(target, name));
}
