import { copyFile, readFile, readdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ConformanceError } from '../../spec/errors.ts';
import { withBuildDirectory } from '../linux/build-directory.ts';
import { buildLayer, layerKey } from '../linux/cache.ts';
import { run } from '../linux/run-command.ts';
import type { KernelSource, LayerContext } from '../linux/kernel-source.ts';
import { inRoot, inspectKernel, keepTree, MAKE_ARGUMENTS, prepareSources, SOURCES } from './kernel.ts';
import { type UmlRelease, umlName } from './releases.ts';

/** Raise it when this file makes something else of the same packages. */
const BUILD_VERSION = 1;

/** What the package `user-mode-linux` puts where. */
const PACKAGED = {
  kernel: 'usr/bin/linux.uml',
  modules: 'usr/lib/uml/modules',
  config: 'usr/share/doc/user-mode-linux/config.gz',
};

/**
 * The package has no list of the symbols that its kernel exports, so none of them is known when modules are built. What is
 * missing is said when they are loaded.
 */
const UNKNOWN_SYMBOLS = 'KBUILD_MODPOST_WARN=1';

/**
 * The kernel of Debian's package `user-mode-linux`. Nothing of it is compiled: its configuration and the sources that it was made
 * from are prepared, so that modules can be built for it. It cannot be had when packages cannot be fetched, when the sources are
 * not those of the kernel (`sources-differ`), or when it does not run on this machine (`kernel-unusable`).
 */
export function packagedKernel(release: UmlRelease): KernelSource {
  return {
    provide: async (context) => {
      const root = await prepareSources(release, context);
      const key = layerKey(['uml-packaged', String(BUILD_VERSION), root.key]);
      const directory = await buildLayer({ ...context, name: `uml-kernel-${release.name}`, key }, async (target) => {
        context.onProgress(`Preparing the sources of ${umlName(release)} for modules.`);
        await take(root.directory, target, context);
      });
      const kernel = await inspectKernel(root.directory, key, directory, [...MAKE_ARGUMENTS, UNKNOWN_SYMBOLS]);
      await tryKernel(kernel.kernelPath, release.series, context.signal);
      return kernel;
    },
  };
}

/** Copies the kernel into a layer, and beside it what building its modules takes. */
async function take(root: string, target: string, context: LayerContext): Promise<void> {
  await withBuildDirectory(root, async ({ directory, inRoot: inside }) => {
    const make = (what: string, ...words: string[]): Promise<string> =>
      inRoot(root, ['make', '-C', SOURCES, `O=${inside}`, ...MAKE_ARGUMENTS, ...words], {
        what,
        code: 'prepare-failed',
        context,
      });
    const config = await promisify(gunzip)(await readFile(path.join(root, PACKAGED.config)));
    await writeFile(path.join(directory, '.config'), config);
    await make('Configuring the kernel', 'olddefconfig');
    await make('Preparing to build modules', `-j${String(availableParallelism())}`, 'modules_prepare');
    // It lists the exported symbols, and modules are not built without it.
    await writeFile(path.join(directory, 'Module.symvers'), '');
    await compareVersions(root, directory);
    await copyFile(path.join(root, PACKAGED.kernel), path.join(target, 'linux'));
    await keepTree(directory, target);
  });
}

/** Modules must be made from the sources of the kernel: without module versions, nothing would notice other structures. */
async function compareVersions(root: string, directory: string): Promise<void> {
  const sources = (await readFile(path.join(directory, 'include/config/kernel.release'), 'utf8')).trim();
  const packaged = await readdir(path.join(root, PACKAGED.modules));
  if (packaged.includes(sources)) return;
  throw new ConformanceError(
    'target',
    'sources-differ',
    `The packaged kernel is Linux ${packaged.join(', ')}, and Debian's sources are of Linux ${sources}.`,
    { hint: 'They are the same again when Debian has rebuilt user-mode-linux; until then, uml:6.1 is compiled here.' },
  );
}

/** The package is linked dynamically, against the C library of its own Debian release. */
async function tryKernel(kernelPath: string, series: string, signal: AbortSignal | undefined): Promise<void> {
  await run(kernelPath, ['--version'], {
    what: 'Trying the packaged kernel',
    code: 'kernel-unusable',
    hint: `It needs the C library of its Debian release, or a newer one; uml:${series} is linked statically.`,
    ...(signal === undefined ? {} : { signal }),
  });
}
