import { availableParallelism } from 'node:os';
import type { Target } from '../../spec/ports/target.ts';
import { buildHelper } from '../native/build.ts';
import type { ModuleToLoad } from '../linux/image.ts';
import { openGuest } from '../linux/guest.ts';
import { type Kit, prepareKit } from './kit.ts';
import type { UserModule } from '../linux/user-module.ts';
import { requirePackages } from '../linux/packages.ts';
import { kernelRelease } from '../linux/releases.ts';

export interface KernelTargetOptions {
  /** A patch for the project's modules: a mutant. */
  readonly patch?: string;
  /** A driver of the user's in place of the project's modules. */
  readonly userModule?: UserModule;
  /** What the guest loads, with parameters; both modules by default. */
  readonly modules?: readonly ModuleToLoad[];
  /** How the target is called in reports. */
  readonly name?: string;
}

/** A run of some thousand programs is over before more guests have gained what their start takes. */
const MOST_GUESTS = 8;

/** A Debian kernel in a QEMU guest, with the modules loaded and the helper inside. */
export function kernelTarget(series: string, options: KernelTargetOptions = {}): Target {
  kernelRelease(series);
  let kit: Kit | undefined;
  return {
    name: options.name ?? `kernel:${series}`,
    ownsKernel: true,
    // A guest keeps one processor busy and has 128 MB; what checks it needs some seventh of one.
    instances: Math.min(availableParallelism(), MOST_GUESTS),
    prepare: async ({ onProgress, signal }) => {
      await requirePackages('guest');
      const helper = await buildHelper({ onProgress });
      kit = await prepareKit({
        kernel: series,
        helper,
        onProgress,
        ...(options.patch !== undefined && { patch: options.patch }),
        ...(options.userModule && { userModule: options.userModule }),
        ...(options.modules && { modules: options.modules }),
        ...(signal && { signal }),
      });
    },
    connect: async (signal) => {
      if (kit === undefined) throw new Error(`kernel:${series}: connect before prepare`);
      return openGuest(kit, signal ? { signal } : {});
    },
  };
}
