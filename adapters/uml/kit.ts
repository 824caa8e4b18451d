import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { defaultCacheDir } from '../kernel/cache.ts';
import { buildImage } from '../kernel/image.ts';
import { type KitOptions, OWN_MODULES } from '../kernel/kit.ts';
import { buildModules } from '../kernel/modules.ts';
import { pruneLayers } from '../kernel/prune.ts';
import { installPackages } from '../packages.ts';
import { prepareUmlKernel } from './kernel.ts';
import type { UmlBoot } from './machine.ts';

export interface UmlKitOptions extends Omit<KitOptions, 'kernel' | 'moduleDir'> {
  /** A kernel series, for example `6.1`. */
  readonly series: string;
  /** The name of the target, for messages. */
  readonly name: string;
}

const PORT_DRIVER = { name: 'uml_port', sourceDir: path.join(import.meta.dirname, 'port') };
const FRAGMENTS = [path.join(import.meta.dirname, 'config/base.config')];

/** MiB. All of it is filled with zeros before anything else, so less of it starts faster; some 20 are left for programs. */
const MEMORY = 32;

/**
 * Makes ready what a guest of User Mode Linux needs, in layers that are cached one by one: sources and compiler (a minute),
 * the kernel (minutes), the modules and the image (seconds).
 *
 * @throws ConformanceError of kind `target` when a layer cannot be built; its message holds the end of the failed command's
 *   output
 */
export async function prepareUmlKit(options: UmlKitOptions): Promise<UmlBoot> {
  const { series, name, helper, onProgress, signal } = options;
  const context = { cacheDir: options.cacheDir ?? defaultCacheDir(), onProgress, ...(signal && { signal }) };
  await installPackages('uml', onProgress);
  const kernel = await prepareUmlKernel(series, FRAGMENTS, name, context);
  const port = await buildModules({ ...context, root: kernel, sourceDir: PORT_DRIVER.sourceDir });
  const built = await buildModules({
    ...context,
    root: kernel,
    sourceDir: OWN_MODULES,
    ...(options.patch !== undefined && { patch: options.patch }),
  });
  const content = await readFile(path.join(port.directory, `${PORT_DRIVER.name}.ko`));
  const image = await buildImage({
    ...context,
    drivers: [{ name: PORT_DRIVER.name, content }],
    built,
    modules: options.modules ?? built.names.map((module) => ({ name: module })),
    helper,
  });
  await pruneLayers(context.cacheDir);
  return { kernelPath: kernel.kernelPath, initramfsPath: image.initramfsPath, memory: MEMORY };
}
