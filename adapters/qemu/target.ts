import { availableParallelism } from 'node:os';
import type { Target } from '../../spec/ports/target.ts';
import { buildHelper } from '../native/build.ts';
import { openGuest } from '../linux/guest.ts';
import type { ModuleTargetOptions } from '../linux/guest-software.ts';
import type { KernelSource } from '../linux/kernel-source.ts';
import { debianKernel } from '../linux/root.ts';
import { prepareKit } from './kit.ts';
import { requirePackages } from '../linux/packages.ts';
import { kernelRelease } from '../linux/releases.ts';

/**
 * A Debian kernel in a QEMU guest, with the modules loaded and the helper inside.
 *
 * @throws ConformanceError of kind `usage` for a series that Debian has not
 */
export function kernelTarget(series: string, options: ModuleTargetOptions = {}): Target {
  return guestTarget(options.name ?? `kernel:${series}`, debianKernel(kernelRelease(series)), options);
}

/** A run of some thousand programs is over before more guests have gained what their start takes. */
const MOST_GUESTS = 8;

/** A kernel in a QEMU guest, wherever it comes from. */
function guestTarget(name: string, source: KernelSource, options: ModuleTargetOptions): Target {
  return {
    name,
    prepare: async (context) => {
      await requirePackages('guest');
      const helper = await buildHelper({ onProgress: context.onProgress });
      const kit = await prepareKit({ ...options, ...context, source, helper });
      return {
        name,
        ownsKernel: true,
        // A guest keeps one processor busy and has 128 MB; what checks it needs some seventh of one.
        instances: Math.min(availableParallelism(), MOST_GUESTS),
        connect: (signal) => openGuest(kit, signal ? { signal } : {}),
      };
    },
  };
}
