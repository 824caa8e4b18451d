import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { ConformanceError } from '../../spec/errors.ts';
import { type Architecture, X86_64 } from './architecture.ts';
import { buildLayer, exists, layerKey } from './cache.ts';
import { findDebianArchives, sourceLines } from './debian-sources.ts';
import type { Kernel, KernelSource } from './kernel-source.ts';
import { contained, run } from './run-command.ts';
import { kernelPackages } from './releases.ts';
import type { KernelRelease } from './releases.ts';

/** Raise it when this file makes another root from the same packages. */
const LAYOUT_VERSION = 1;

/** What `make` runs while it builds a module, besides what the headers depend on. */
export const BUILD_PACKAGES = [
  'make',
  'sparse',
  'base-files',
  'bash',
  'coreutils',
  'dash',
  'diffutils',
  'findutils',
  'grep',
  'mawk',
  'sed',
  'libc6-dev',
];

/** What `enter-root.sh` mounts, and where a compiler puts its files. */
const MOUNT_POINTS = ['dev', 'proc', 'tmp'];

/** Where modules are built, inside the root. */
export const BUILD_DIR = 'build';

/**
 * A kernel as a Debian release has it, with its modules, its headers and the compiler that goes with them, all in one root.
 *
 * The packages are extracted and not configured: no maintainer script runs, so it takes seconds, needs no services,
 * and no initramfs is generated that nobody uses.
 */
export function debianKernel(release: KernelRelease, architecture: Architecture = X86_64): KernelSource {
  return {
    provide: async (context) => {
      const packages = [...kernelPackages(release, architecture), ...BUILD_PACKAGES];
      const key = layerKey([
        'root',
        String(LAYOUT_VERSION),
        release.suite,
        release.extraSuites,
        release.securitySuite ?? '',
        packages,
      ]);
      const { series, suite } = release;
      const directory = await buildLayer({ ...context, name: `root-${series}`, key }, async (target) => {
        context.onProgress(`Fetching Linux ${series} with its headers and compiler from Debian ${suite}.`);
        await makeRoot(release, { packages, target, name: `kernel:${series}`, architecture, ...context });
      });
      return { ...(await inspectRoot(directory)), architecture, key };
    },
  };
}

interface RootOptions {
  readonly packages: readonly string[];
  /** The directory to fill. */
  readonly target: string;
  /** The name of the target that needs it, for a hint. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly signal?: AbortSignal;
}

/** Extracts packages of a Debian release into a directory. */
export async function makeRoot(release: KernelRelease, options: RootOptions): Promise<void> {
  const { packages, target, name, architecture, signal } = options;
  const archives = await findDebianArchives();
  const isRoot = process.getuid?.() === 0;
  await run(
    'setpriv',
    contained(
      // apt has no use for a user that is root only by name.
      isRoot ? [] : ['--user', '--map-current-user'],
      [
        'mmdebstrap',
        // An ordinary user extracts packages as well; nothing in them is run, and all files are theirs.
        `--mode=${isRoot ? 'root' : 'chrootless'}`,
        '--variant=extract',
        '--format=directory',
        `--architectures=${architecture.debian}`,
        '--components=main',
        `--include=${packages.join(',')}`,
        release.suite,
        target,
        ...sourceLines(release, archives),
      ],
    ),
    {
      what: `Fetching the packages for ${name}`,
      code: 'root-failed',
      hint: 'Check that the Debian mirror in the apt configuration can be reached: apt-get update.',
      ...(signal === undefined ? {} : { signal }),
    },
  );
  // Normally a maintainer script makes this link.
  await rm(path.join(target, 'usr/bin/awk'), { force: true });
  await symlink('mawk', path.join(target, 'usr/bin/awk'));
  for (const name of [BUILD_DIR, ...MOUNT_POINTS]) await mkdir(path.join(target, name), { recursive: true });
}

async function inspectRoot(directory: string): Promise<Omit<Kernel, 'architecture' | 'key'>> {
  const versionsDir = (await exists(path.join(directory, 'usr/lib/modules'))) ? 'usr/lib/modules' : 'lib/modules';
  const versions = await readdir(path.join(directory, versionsDir));
  for (const kernelVersion of versions) {
    const modulesDir = path.join(directory, versionsDir, kernelVersion);
    for (const kernelPath of [
      path.join(directory, 'boot', `vmlinuz-${kernelVersion}`),
      path.join(modulesDir, 'vmlinuz'),
    ]) {
      if (await exists(kernelPath)) {
        return { directory, kernelVersion, kernelPath, modulesDir };
      }
    }
  }
  throw new ConformanceError('target', 'root-broken', `No kernel image was found in ${directory}.`, {
    hint: 'Remove that directory and prepare the kernel again.',
  });
}
