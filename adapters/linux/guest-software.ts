import path from 'node:path';
import type { Driver } from './guest-drivers.ts';
import { buildImage, type Image, type ModuleToLoad } from './image.ts';
import type { BuildRoot, LayerContext } from './kernel-source.ts';
import { buildModules, type BuiltModules } from './modules.ts';
import { buildUserModule, type UserModule } from './user-module.ts';

/** Which modules a guest loads. */
interface ModuleChoice {
  /** A driver of the user's in place of the project's modules. */
  readonly userModule?: UserModule;
  /** A unified diff against the project's modules, for `patch -p1`: a mutant. */
  readonly patch?: string;
  /** What of the project's modules is loaded, in this order and with parameters; every one by default. */
  readonly modules?: readonly ModuleToLoad[];
}

/** What a target that loads modules may be told. */
export interface ModuleTargetOptions extends ModuleChoice {
  /** How the target is called in reports. */
  readonly name?: string;
}

/** What runs in a guest on top of its kernel. */
export interface GuestSoftware extends ModuleChoice {
  /** A statically linked executable that speaks over stdin and stdout. */
  readonly helper: string;
}

/** What a kind of guest adds. */
interface GuestNeeds {
  /** What is loaded first: the drivers that connect the helper to the host, and others that watch the modules. */
  readonly drivers: readonly Driver[];
  /** Variables for `make` that instrument the modules under test; none by default. */
  readonly variables?: readonly string[];
  /** Flags of the compiler that go with them. Warnings are errors only in the project's own modules. */
  readonly flags?: string;
}

const OWN_MODULES = path.join(import.meta.dirname, '../../kmod');

/**
 * Builds the modules under test, the project's or the user's, and packs them with all else that runs in a guest.
 *
 * @throws ConformanceError of kind `usage` for a directory that does not build the module, of kind `target` when a build fails
 */
export async function buildGuestSoftware(
  kernel: BuildRoot,
  { userModule, patch, modules, helper }: GuestSoftware,
  { drivers, variables = [], flags = '' }: GuestNeeds,
  context: LayerContext,
): Promise<{ readonly built: BuiltModules; readonly image: Image }> {
  const options = { ...context, root: kernel };
  const parts = { ...context, architecture: kernel.architecture, drivers, helper };
  if (userModule !== undefined) {
    const built = await buildUserModule(userModule, { ...options, variables: [...variables, `KCFLAGS=${flags}`] });
    const { name, params, node } = userModule;
    const loaded = [{ name, ...(params !== undefined && { params }) }];
    return { built, image: await buildImage({ ...parts, built, modules: loaded, node }) };
  }
  const strict = flags === '' ? [] : [`KCFLAGS=-Werror ${flags}`];
  const built = await buildModules({
    ...options,
    sourceDir: OWN_MODULES,
    variables: [...variables, ...strict],
    ...(patch !== undefined && { patch }),
  });
  const loaded = modules ?? built.names.map((name) => ({ name }));
  return { built, image: await buildImage({ ...parts, built, modules: loaded }) };
}
