import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Architecture } from './architecture.ts';
import { buildLayer, layerKey } from './cache.ts';
import { ConformanceError } from '../../spec/errors.ts';
import { packCpio } from './cpio.ts';
import { run } from './run-command.ts';
import type { Driver } from './guest-drivers.ts';
import type { BuiltModules } from './modules.ts';
import type { CpioEntry } from './cpio.ts';
import type { ModuleNode } from './user-module.ts';

/** Raise it when this file makes another image from the same parts. */
const IMAGE_VERSION = 1;

/** A module to load in the guest, with its parameters as `insmod` takes them: `pages=4 backing=array`. */
export interface ModuleToLoad {
  readonly name: string;
  readonly params?: string;
}

interface ImageOptions {
  readonly architecture: Architecture;
  /** The drivers that the guest loads first: they connect it to the host. */
  readonly drivers: readonly Driver[];
  readonly built: BuiltModules;
  readonly modules: readonly ModuleToLoad[];
  /** A node that must be there when the modules are loaded, and is made if the kernel has not made it. */
  readonly node?: ModuleNode;
  readonly helper: string;
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

export interface Image {
  readonly initramfsPath: string;
  readonly key: string;
}

/**
 * Packs what runs in the guest: the first process, the drivers, the modules and the helper. It is not compressed,
 * because unpacking costs an emulated machine more than reading.
 */
export async function buildImage(options: ImageOptions): Promise<Image> {
  const helper = await readFile(options.helper).catch((cause: unknown) => {
    throw new ConformanceError('target', 'no-helper', `The helper ${options.helper} cannot be read.`, { cause });
  });
  const initSource = await readFile(INIT_SOURCE);
  const list = options.modules.map(({ name, params }) =>
    params === undefined || params === '' ? name : `${name} ${params}`,
  );
  const drivers = options.drivers.map(({ name, content }) => [name, content]);
  const { node } = options;
  const nodeLine = node === undefined ? [] : [`${node.path} ${node.mode}`];
  const key = layerKey([
    'image',
    String(IMAGE_VERSION),
    drivers,
    options.built.key,
    list,
    helper,
    initSource,
    ...nodeLine,
  ]);
  const directory = await buildLayer({ ...options, name: 'image', key }, async (target) => {
    options.onProgress('Packing the guest image.');
    const init = path.join(target, 'init');
    await run(
      `${options.architecture.compilerPrefix}gcc`,
      ['-std=c17', '-Wall', '-Wextra', '-Werror', '-O2', '-static', '-o', init, INIT_SOURCE],
      {
        what: "Building the guest's first process",
        code: 'init-failed',
        hint: 'Install gcc and libc6-dev.',
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    const own = await Promise.all(
      options.modules.map(async ({ name }) => ({ name, content: await readModule(options.built, name) })),
    );
    const content = packCpio([
      { kind: 'directory', path: 'dev', mode: 0o755 },
      // The kernel opens it for the first process, before that can mount anything.
      { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'file', path: 'init', mode: 0o755, content: await readFile(init) },
      { kind: 'file', path: 'helper', mode: 0o755, content: helper },
      { kind: 'directory', path: 'modules', mode: 0o755 },
      ...[...options.drivers, ...own].map((module): CpioEntry => ({
        kind: 'file',
        path: `modules/${module.name}.ko`,
        mode: 0o644,
        content: module.content,
      })),
      ...nodeLine.map((line): CpioEntry => ({
        kind: 'file',
        path: 'modules/node',
        mode: 0o644,
        content: Buffer.from(`${line}\n`),
      })),
      {
        kind: 'file',
        path: 'modules/list',
        mode: 0o644,
        content: Buffer.from(
          [...options.drivers.map((driver) => driver.name), ...list].map((line) => `${line}\n`).join(''),
        ),
      },
    ]);
    await writeFile(path.join(target, INITRAMFS), content);
  });
  return { initramfsPath: path.join(directory, INITRAMFS), key };
}

const INIT_SOURCE = path.join(import.meta.dirname, 'init.c');
const INITRAMFS = 'initramfs.cpio';

async function readModule(built: BuiltModules, name: string): Promise<Uint8Array> {
  if (!built.names.includes(name)) {
    throw new ConformanceError(
      'usage',
      'unknown-module',
      `There is no module "${name}"; the build made ${built.names.join(', ')}.`,
    );
  }
  return readFile(path.join(built.directory, `${name}.ko`));
}
