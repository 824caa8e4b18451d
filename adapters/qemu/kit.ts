import path from 'node:path';
import { chooseAccelerator, qemuVersion } from './accelerator.ts';
import { guestDrivers } from '../linux/guest-drivers.ts';
import { buildGuestSoftware, type GuestSoftware } from '../linux/guest-software.ts';
import { buildLayer, defaultCacheDir, layerKey } from '../linux/cache.ts';
import { machineArguments } from './machine.ts';
import { requirePackages } from '../linux/packages.ts';
import { pruneLayers } from '../linux/prune.ts';
import { saveState } from './saved-state.ts';
import { messageOf } from '../../spec/errors.ts';
import { explainStart } from '../linux/user-module.ts';
import type { KernelSource } from '../linux/kernel-source.ts';
import type { Accelerator, BootFiles } from './machine.ts';

export interface KitOptions extends GuestSoftware {
  /** Where the kernel comes from. */
  readonly source: KernelSource;
  readonly cacheDir?: string;
  /** Takes one sentence whenever something slow begins. */
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Everything that a guest starts from. Its files stay valid as long as nobody removes the cache. */
export interface Kit {
  /** What `uname -r` says in the guest. */
  readonly kernelVersion: string;
  readonly boot: BootFiles;
  readonly accelerator: Accelerator;
  /** Why that accelerator: one sentence. */
  readonly acceleratorReason: string;
  /** The state of a machine whose helper waits for its first request. Without it, the guest boots. */
  readonly statePath?: string;
}

/** The file of a state layer. */
const STATE = 'machine-state';

/**
 * Makes ready what a guest needs, in layers that are cached one by one: the kernel and its compiler (minutes at
 * worst), the modules (seconds), the image and the saved state (seconds).
 *
 * @throws ConformanceError of kind `usage` for a directory without modules, of kind `target` when a layer cannot be built; its
 *   message holds the end of the failed command's output
 */
export async function prepareKit(options: KitOptions): Promise<Kit> {
  const { source, userModule, signal } = options;
  const context = {
    cacheDir: options.cacheDir ?? defaultCacheDir(),
    onProgress: options.onProgress,
    ...(signal && { signal }),
  };
  await requirePackages('guest');
  const kernel = await source.provide(context);
  const { architecture } = kernel;
  const drivers = kernel.modulesDir === undefined ? [] : await guestDrivers(kernel.modulesDir, architecture);
  const { image } = await buildGuestSoftware(kernel, options, { drivers }, context);
  const boot = { architecture, kernelPath: kernel.kernelPath, initramfsPath: image.initramfsPath };
  const { accelerator, reason } = await chooseAccelerator(boot, context);

  const machine = machineArguments(accelerator, architecture);
  const stateKey = layerKey(['state', image.key, await qemuVersion(architecture), machine]);
  const stateDir = await buildLayer({ ...context, name: 'state', key: stateKey }, async (target) => {
    context.onProgress(`Booting Linux ${kernel.kernelVersion} once, to start guests from there.`);
    const start = { boot, accelerator, ...(signal && { signal }) };
    await saveState(start, path.join(target, STATE)).catch((error: unknown) => {
      throw userModule === undefined ? error : explainStart(error, userModule, messageOf(error));
    });
  });
  await pruneLayers(context.cacheDir);
  return {
    kernelVersion: kernel.kernelVersion,
    boot,
    accelerator,
    acceleratorReason: reason,
    statePath: path.join(stateDir, STATE),
  };
}
