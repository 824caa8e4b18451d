import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ConformanceError } from '../../spec/errors.ts';
import { X86_64 } from '../linux/architecture.ts';
import { withBuildDirectory } from '../linux/build-directory.ts';
import { buildLayer, layerKey } from '../linux/cache.ts';
import { BUILD_ENVIRONMENT } from '../linux/modules.ts';
import { run, runInRoot } from '../linux/run-command.ts';
import { kernelRelease, type KernelRelease } from '../linux/releases.ts';
import type { Kernel, KernelSource, LayerContext } from '../linux/kernel-source.ts';
import { BUILD_PACKAGES, makeRoot } from '../linux/root.ts';
import { umlName, type UmlRelease } from './releases.ts';

/** Raise it when this file makes something else of the same packages and configuration. */
const BUILD_VERSION = 1;

/** What building a kernel needs besides what building a module needs. */
const KERNEL_PACKAGES = ['gcc', 'flex', 'bison', 'bc', 'perl-base', 'tar', 'gzip', 'xz-utils'];

/** Where the sources lie in the root, and how every `make` there is told what to build. */
export const SOURCES = '/usr/src/linux';
export const MAKE_ARGUMENTS = ['ARCH=um', `SUBARCH=${X86_64.machine}`];

/** What of the build tree is needed to build modules. */
const KEPT = ['Makefile', '.config', 'Module.symvers', 'include', 'arch', 'scripts', 'source'];
const OBJECT = /\.(o|a|cmd|order|ko|mod|mod\.c)$/;

/** What is changed in the sources of a series, as patches for `patch -p1`; each says what for. */
const PATCHES = path.join(import.meta.dirname, 'patches');

/**
 * glibc of Debian 12 has no `__xmknod` to link with statically, which User Mode Linux exports to modules nevertheless (until
 * 6.4); nobody calls it.
 */
const LINK_FLAGS = 'LD_FLAGS_CMDLINE=$(foreach opt,$(KBUILD_LDFLAGS),-Wl,$(opt)) -Wl,--defsym=__xmknod=mknod';

/** Files with options, by the names of their contents. */
const FRAGMENTS = path.join(import.meta.dirname, 'config');

/**
 * A kernel for User Mode Linux that is compiled from Debian's sources. It cannot be made when packages cannot be fetched, an option
 * is not to be had, or the compiler fails.
 *
 * @param fragments names of files with options, on top of `allnoconfig`
 */
export function compiledKernel(release: UmlRelease, fragments: readonly string[]): KernelSource {
  return {
    provide: async (context) => {
      const root = await prepareSources(release, context);
      const files = fragments.map((name) => readFile(path.join(FRAGMENTS, `${name}.config`), 'utf8'));
      const options = (await Promise.all(files)).join('\n');
      const key = layerKey(['uml-kernel', String(BUILD_VERSION), root.key, options]);
      const directory = await buildLayer({ ...context, name: `uml-kernel-${release.name}`, key }, async (target) => {
        await build(root.directory, options, target, { ...context, target: umlName(release) });
      });
      return inspectKernel(root.directory, key, directory, MAKE_ARGUMENTS);
    },
  };
}

/** What a layer with a kernel and its tree offers. */
export async function inspectKernel(
  root: string,
  key: string,
  layer: string,
  makeArguments: readonly string[],
): Promise<Kernel> {
  return {
    architecture: X86_64,
    directory: root,
    key,
    kernelVersion: (await readFile(path.join(layer, 'tree/include/config/kernel.release'), 'utf8')).trim(),
    kernelPath: path.join(layer, 'linux'),
    buildTree: path.join(layer, 'tree'),
    makeArguments,
  };
}

/** A root with the sources of a kernel and a compiler, and with the packaged kernel if that is wanted. */
export async function prepareSources(
  wanted: UmlRelease,
  context: LayerContext,
): Promise<{ readonly directory: string; readonly key: string }> {
  const { series } = wanted;
  const release = wanted.packaged ? archiveOf(kernelRelease(series)) : kernelRelease(series);
  const patches = wanted.packaged ? [] : await readPatches(series);
  const own = wanted.packaged ? ['user-mode-linux'] : [];
  const packages = [`linux-source-${series}`, ...own, ...KERNEL_PACKAGES, ...BUILD_PACKAGES];
  const key = layerKey([
    'uml-sources',
    String(BUILD_VERSION),
    release.suite,
    release.securitySuite ?? '',
    packages,
    patches,
  ]);
  const directory = await buildLayer({ ...context, name: `uml-sources-${series}`, key }, async (target) => {
    context.onProgress(`Fetching the sources of Linux ${series} and a compiler from Debian ${release.suite}.`);
    await makeRoot(release, { packages, target, name: umlName(wanted), architecture: X86_64, ...context });
    const archive = `${SOURCES}-source-${series}.tar.xz`;
    await mkdir(path.join(target, SOURCES));
    await inRoot(target, ['tar', '--extract', '--strip-components=1', `--directory=${SOURCES}`, `--file=${archive}`], {
      what: `Unpacking the sources of Linux ${series}`,
      code: 'sources-failed',
      context,
    });
    await rm(path.join(target, archive));
    for (const [file] of patches) {
      const input = `--input=${path.join(PATCHES, series, file)}`;
      await run('patch', ['--strip=1', '--batch', '--forward', '--fuzz=0', input], {
        what: `Applying ${file}`,
        code: 'patch-failed',
        hint: `The sources of Linux ${series} have changed there; adapt adapters/uml/patches/${series}/${file}.`,
        cwd: path.join(target, SOURCES),
        ...(context.signal && { signal: context.signal }),
      });
    }
  });
  return { directory, key };
}

/**
 * The release without its security archive: that has newer sources, and the packaged kernel is made anew from the main
 * archive's with every point release.
 */
function archiveOf({ series, suite, extraSuites }: KernelRelease): KernelRelease {
  return { series, suite, extraSuites };
}

/** The patches of a series by name, in order. */
async function readPatches(series: string): Promise<readonly (readonly [file: string, content: string])[]> {
  const directory = path.join(PATCHES, series);
  const files = await readdir(directory).catch(() => []);
  return Promise.all(
    files.toSorted().map(async (file) => [file, await readFile(path.join(directory, file), 'utf8')] as const),
  );
}

async function build(
  root: string,
  options: string,
  target: string,
  context: LayerContext & { readonly target: string },
): Promise<void> {
  await withBuildDirectory(root, async ({ directory, inRoot: inside }) => {
    const make = (what: string, code: string, ...words: string[]): Promise<string> =>
      inRoot(root, ['make', '-C', SOURCES, `O=${inside}`, ...MAKE_ARGUMENTS, ...words], { what, code, context });
    context.onProgress(
      `Compiling the kernel of ${context.target}; this takes some minutes, and only once for this configuration.`,
    );
    await writeFile(path.join(directory, 'wanted'), options);
    await make('Configuring the kernel', 'config-failed', `KCONFIG_ALLCONFIG=${inside}/wanted`, 'allnoconfig');
    await demand(options, path.join(directory, '.config'));
    const jobs = `-j${String(availableParallelism())}`;
    await make('Compiling the kernel', 'kernel-failed', jobs, LINK_FLAGS, 'linux', 'modules');
    await copyFile(path.join(directory, 'linux'), path.join(target, 'linux'));
    await keepTree(directory, target);
  });
}

/** Copies what building modules takes from where a kernel was built, or prepared, into a layer. */
export async function keepTree(directory: string, target: string): Promise<void> {
  for (const name of KEPT) {
    await cp(path.join(directory, name), path.join(target, 'tree', name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !OBJECT.test(source),
    });
  }
}

/** Kconfig drops without a word what its dependencies do not allow. */
async function demand(options: string, configuration: string): Promise<void> {
  const got = new Set((await readFile(configuration, 'utf8')).split('\n'));
  const missing = options.split('\n').filter((line) => /^(CONFIG_|# CONFIG_)/.test(line) && !isGot(line, got));
  if (missing.length > 0) {
    throw new ConformanceError('target', 'config-dropped', `The kernel cannot have ${missing.join(', ')}.`, {
      hint: 'An option that it depends on is missing in the fragment, or the sources are of another version.',
    });
  }
}

/** An option that is off may be named as such, or not at all. */
function isGot(line: string, got: ReadonlySet<string>): boolean {
  const off = /^# (CONFIG_\w+) is not set/.exec(line)?.[1];
  if (off === undefined) return got.has(line);
  return ![...got].some((other) => other.startsWith(`${off}=`));
}

/** Runs a command in a root, with nothing of this machine. */
export async function inRoot(
  root: string,
  command: readonly string[],
  { what, code, context }: { readonly what: string; readonly code: string; readonly context: LayerContext },
): Promise<string> {
  return runInRoot(root, command, {
    what,
    code,
    env: BUILD_ENVIRONMENT,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
}
