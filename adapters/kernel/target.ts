import type { Target } from '../../spec/target.ts';
import { buildHelper } from '../native/build.ts';
import { openGuest } from './guest.ts';
import { type Kit, prepareKit } from './kit.ts';
import { kernelRelease } from './releases.ts';

export interface KernelTargetOptions {
  /** A patch for the project's modules: a mutant. */
  readonly patch?: string;
  /** How the target is called in reports. */
  readonly name?: string;
}

/** A Debian kernel in a QEMU guest, with the modules loaded and the helper inside. */
export function kernelTarget(series: string, options: KernelTargetOptions = {}): Target {
  kernelRelease(series);
  let kit: Kit | undefined;
  return {
    name: options.name ?? `kernel:${series}`,
    prepare: async ({ onProgress, signal }) => {
      const helper = await buildHelper({ onProgress });
      kit = await prepareKit({
        kernel: series,
        helper,
        onProgress,
        ...(options.patch !== undefined && { patch: options.patch }),
        ...(signal && { signal }),
      });
    },
    connect: async (signal) => {
      if (kit === undefined) throw new Error(`kernel:${series}: connect before prepare`);
      return openGuest(kit, signal ? { signal } : {});
    },
  };
}
