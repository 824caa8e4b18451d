import path from 'node:path';
import { readFile } from 'node:fs/promises';
import type { DriverCounting } from '../../spec/ports/driver-counting.ts';
import type { Driver } from '../linux/guest-drivers.ts';
import { defaultCacheDir } from '../linux/cache.ts';
import { gcovCounting } from '../linux/gcov.ts';
import { buildGuestSoftware } from '../linux/guest-software.ts';
import type { KernelSource } from '../linux/kernel-source.ts';
import type { KitOptions } from '../qemu/kit.ts';
import { buildModules } from '../linux/modules.ts';
import { pruneLayers } from '../linux/prune.ts';
import { requirePackages } from '../linux/packages.ts';
import { compiledKernel } from './kernel.ts';
import type { UmlBoot } from './machine.ts';
import { packagedKernel } from './packaged.ts';
import type { UmlRelease } from './releases.ts';

export interface UmlKitOptions extends Omit<KitOptions, 'source'> {
  readonly release: UmlRelease;
}

export interface UmlKit {
  readonly boot: UmlBoot;
  /** Where the modules under test are built to count. */
  readonly counting?: DriverCounting;
}

/** What a guest is made of. */
interface Flavour {
  readonly source: (release: UmlRelease) => KernelSource;
  /** Modules of our own, each in a directory of its name, in the order in which they are loaded. */
  readonly drivers: readonly string[];
  /** What building the modules under test takes besides: variables for `make`, and flags of the compiler. */
  readonly variables?: readonly string[];
  readonly flags?: string;
  readonly machine: Omit<UmlBoot, 'kernelPath' | 'initramfsPath'>;
}

const PLAIN: Flavour = {
  source: (release) => compiledKernel(release, ['base']),
  drivers: ['uml_port'],
  // All memory is filled with zeros before anything else, so less of it starts faster; some 20 MiB are left for programs.
  // What is freed too early reads as zeros, as in the guests of QEMU.
  machine: { memory: 32, parameters: ['init_on_free=1'] },
};

/**
 * What keeps the compiler from joining ways before it counts them: else a `return` of a constant is no line, but a number that is
 * chosen where the function ends.
 */
const LINES_APART = '-fno-tree-ccp -fno-tree-forwprop -fno-tree-fre -fno-tree-vrp';

const CHECKED: Flavour = {
  source: (release) => compiledKernel(release, ['base', 'checks']),
  drivers: ['uml_port', 'ledger'],
  // Only the modules under test are built to count what of them is reached.
  variables: ['GCOV_PROFILE=y', 'UBSAN_SANITIZE=y'],
  flags: LINES_APART,
  machine: {
    // Half of it are tables; the other is for programs, and is poisoned before anything else.
    memory: 64,
    parameters: [
      // What is freed too early, or was never filled, does not read as zeros.
      'page_poison=1',
      'page_owner=on',
      // Without U: who allocated an object and who freed it is told by KASAN as well, and keeping both stacks costs a tenth of a
      // second of the start.
      'slub_debug=FZP',
      // Files for each tracepoint; the ledger needs none.
      'initcall_blacklist=tracer_init_tracefs',
      'kasan_multi_shot',
      // The ledger is exact, and knows after each program; this takes a scan of all memory. To be turned on by hand.
      'kmemleak=off',
    ],
  },
};

/**
 * What the packaged kernel does when it starts for nothing that a guest uses: it measures which way of computing checksums is
 * the fastest (raid6, xor), tests itself (btrfs), and makes tables for file systems and swap that are not there, and devices for
 * serial lines.
 */
const NEEDLESS_INITCALLS = [
  'raid6_select_algo',
  'register_xor_blocks',
  'calibrate_xor_blocks',
  'init_btrfs_fs',
  'init_xfs_fs',
  'init_jfs_fs',
  'init_zswap',
  'ssl_init',
];

const PACKAGED: Flavour = {
  source: packagedKernel,
  drivers: ['uml_port'],
  machine: {
    // Its tables are larger than ours; as many MiB are left for programs.
    memory: 64,
    parameters: [
      'init_on_free=1',
      `initcall_blacklist=${NEEDLESS_INITCALLS.join(',')}`,
      // It starts a process (/sbin/hotplug) for every device that appears, and would make 512 of these.
      'pty.legacy_count=0',
      'cryptomgr.notests',
    ],
  },
};

/**
 * Makes ready what a guest of User Mode Linux needs, in layers that are cached one by one: sources and compiler (a minute),
 * the kernel (minutes), the modules and the image (seconds).
 *
 * @throws ConformanceError of kind `target` when a layer cannot be built; its message holds the end of the failed command's
 *   output
 */
export async function prepareUmlKit(options: UmlKitOptions): Promise<UmlKit> {
  const { release, onProgress, signal } = options;
  const { source, machine, ...flavour } = release.packaged ? PACKAGED : release.checks ? CHECKED : PLAIN;
  const context = { cacheDir: options.cacheDir ?? defaultCacheDir(), onProgress, ...(signal && { signal }) };
  await requirePackages('uml');
  const kernel = await source(release).provide(context);
  const drivers: Driver[] = [];
  for (const name of flavour.drivers) {
    const sourceDir = path.join(import.meta.dirname, name);
    const { directory } = await buildModules({ ...context, root: kernel, sourceDir });
    drivers.push({ name, content: await readFile(path.join(directory, `${name}.ko`)) });
  }
  const { built, image } = await buildGuestSoftware(kernel, options, { ...flavour, drivers }, context);
  await pruneLayers(context.cacheDir);
  return {
    boot: { kernelPath: kernel.kernelPath, initramfsPath: image.initramfsPath, ...machine },
    ...(release.checks && { counting: gcovCounting(kernel, built) }),
  };
}
