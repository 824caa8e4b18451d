import path from 'node:path';
import { chooseAccelerator, qemuVersion } from './accelerator.ts';
import { guestDrivers } from '../linux/guest-drivers.ts';
import { buildLayer, defaultCacheDir, layerKey } from '../linux/cache.ts';
import { buildImage } from '../linux/image.ts';
import { machineArguments } from './machine.ts';
import { buildModules, type BuiltModules } from '../linux/modules.ts';
import { requirePackages } from '../linux/packages.ts';
import { pruneLayers } from '../linux/prune.ts';
import { kernelRelease } from '../linux/releases.ts';
import { prepareRoot } from '../linux/root.ts';
import { saveState } from './saved-state.ts';
import { messageOf } from '../../spec/errors.ts';
import { buildUserModule, explainStart, type ModuleNode, type UserModule } from '../linux/user-module.ts';
import type { ModuleToLoad } from '../linux/image.ts';
import type { Accelerator, BootFiles } from './machine.ts';

export interface KitOptions {
  /** A kernel series, for example `6.12`. */
  readonly kernel: string;
  /** A driver of the user's; the project's own modules by default. */
  readonly userModule?: UserModule;
  /** A unified diff against that directory, for `patch -p1`: a mutant. */
  readonly patch?: string;
  /** What the guest loads, in this order; every module that the directory builds by default. */
  readonly modules?: readonly ModuleToLoad[];
  /** A statically linked executable that speaks over stdin and stdout. */
  readonly helper: string;
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

export const OWN_MODULES = path.join(import.meta.dirname, '../../kmod');

/** What a guest loads: the user's module, or what was asked for, or all that was built. */
export function modulesToLoad(
  { userModule, modules }: Pick<KitOptions, 'userModule' | 'modules'>,
  built: BuiltModules,
): readonly ModuleToLoad[] {
  if (userModule === undefined) return modules ?? built.names.map((name) => ({ name }));
  const { name, params } = userModule;
  return [{ name, ...(params !== undefined && { params }) }];
}

/** The node that an image has to have. */
export function nodeOf({ userModule }: Pick<KitOptions, 'userModule'>): { node?: ModuleNode } {
  return userModule === undefined ? {} : { node: userModule.node };
}

/** The file of a state layer. */
const STATE = 'machine-state';

/**
 * Makes ready what a guest needs, in layers that are cached one by one: the root with kernel and compiler (minutes at
 * worst), the modules (seconds), the image and the saved state (seconds).
 *
 * @throws ConformanceError of kind `usage` for an unknown kernel or a directory without modules, of kind `target` when
 *   a layer cannot be built; its message holds the end of the failed command's output
 */
export async function prepareKit(options: KitOptions): Promise<Kit> {
  const release = kernelRelease(options.kernel);
  const context = {
    cacheDir: options.cacheDir ?? defaultCacheDir(),
    onProgress: options.onProgress,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await requirePackages('guest');
  const root = await prepareRoot(release, context);
  const { userModule } = options;
  const built =
    userModule === undefined
      ? await buildModules({
          ...context,
          root,
          sourceDir: OWN_MODULES,
          ...(options.patch === undefined ? {} : { patch: options.patch }),
        })
      : // The kit's own modules must not have warnings; somebody else's may.
        await buildUserModule(userModule, { ...context, root, variables: ['KCFLAGS='] });
  const modules = modulesToLoad(options, built);
  const drivers = await guestDrivers(root.modulesDir);
  const image = await buildImage({ ...context, drivers, built, modules, helper: options.helper, ...nodeOf(options) });
  const boot = { kernelPath: root.kernelPath, initramfsPath: image.initramfsPath };
  const { accelerator, reason } = await chooseAccelerator(boot, context);

  const stateKey = layerKey(['state', image.key, await qemuVersion(), machineArguments(accelerator)]);
  const stateDir = await buildLayer({ ...context, name: 'state', key: stateKey }, async (target) => {
    context.onProgress(`Booting Linux ${root.kernelVersion} once, to start guests from there.`);
    const start = { boot, accelerator, ...(options.signal === undefined ? {} : { signal: options.signal }) };
    await saveState(start, path.join(target, STATE)).catch((error: unknown) => {
      throw userModule === undefined ? error : explainStart(error, userModule, messageOf(error));
    });
  });
  await pruneLayers(context.cacheDir);
  return {
    kernelVersion: root.kernelVersion,
    boot,
    accelerator,
    acceleratorReason: reason,
    statePath: path.join(stateDir, STATE),
  };
}
