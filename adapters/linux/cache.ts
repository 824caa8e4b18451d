import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { withLock } from './lock.ts';
import { touchLayer } from './prune.ts';

export { defaultCacheDir } from './cache-directory.ts';

const TEMPORARY_MARK = '.tmp-';

/** Hexadecimal digits of a key that make it into a directory name: enough to never collide, short enough to read. */
const KEY_DIGITS = 24;

/** A value that decides what a layer contains. */
export type Ingredient = string | Uint8Array | readonly Ingredient[];

/**
 * The key of a layer: a digest of everything that goes into it. Lengths and nesting are part of what is hashed, so
 * that moving a byte from one ingredient to the next gives another key.
 */
export function layerKey(ingredients: readonly Ingredient[]): string {
  const hash = createHash('sha256');
  const add = (ingredient: Ingredient): void => {
    if (typeof ingredient === 'string' || ingredient instanceof Uint8Array) {
      const bytes = typeof ingredient === 'string' ? Buffer.from(ingredient) : ingredient;
      hash.update(`${String(bytes.length)}:`);
      hash.update(bytes);
    } else {
      hash.update(`[${String(ingredient.length)}`);
      ingredient.forEach(add);
      hash.update(']');
    }
  };
  add(ingredients);
  return hash.digest('hex').slice(0, KEY_DIGITS);
}

export interface LayerOptions {
  readonly cacheDir: string;
  /** What the layer is, as the first part of its directory name: `root`, `modules`, … */
  readonly name: string;
  readonly key: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Returns the directory of a layer, building it first if it does not exist.
 *
 * A layer is built in a directory of its own beside its final place and renamed when it is complete, so whatever
 * exists under the final name is complete. Builds of the same layer exclude each other; whoever waits finds the
 * result of the other. What interrupted builds have left is removed by the next one.
 */
export async function buildLayer(options: LayerOptions, build: (directory: string) => Promise<void>): Promise<string> {
  const base = `${options.name}-${options.key}`;
  const final = path.join(options.cacheDir, base);
  if (await exists(final)) {
    await touchLayer(final);
    return final;
  }
  await mkdir(path.join(options.cacheDir, 'locks'), { recursive: true });
  await withLock(
    path.join(options.cacheDir, 'locks', `${base}.lock`),
    async () => {
      if (await exists(final)) {
        return;
      }
      await sweep(options.cacheDir, base);
      const temporary = path.join(options.cacheDir, `${base}${TEMPORARY_MARK}${randomUUID()}`);
      try {
        await mkdir(temporary);
        await build(temporary);
        await rename(temporary, final);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    {
      onWait: () => {
        options.onProgress(`Waiting for another process that builds the same layer (${base}).`);
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    },
  );
  return final;
}

/** Removes what earlier builds of this layer have left. Only the holder of its lock may do so: nobody else builds. */
async function sweep(cacheDir: string, base: string): Promise<void> {
  const stale = (await readdir(cacheDir)).filter((name) => name.startsWith(`${base}${TEMPORARY_MARK}`));
  await Promise.all(stale.map((name) => rm(path.join(cacheDir, name), { recursive: true, force: true })));
}

/** Those names of which the cache holds a complete layer, whatever it was made of; one that is being built has a longer name. */
export async function layersReady<Name extends string>(
  cacheDir: string,
  names: readonly Name[],
  layerName: (name: Name) => string,
): Promise<readonly Name[]> {
  const layers = (await readdir(cacheDir).catch(() => [])).filter((layer) => !layer.includes(TEMPORARY_MARK));
  // What follows the last hyphen is the key; a name may have hyphens of its own.
  const ready = new Set(layers.map((layer) => layer.slice(0, layer.lastIndexOf('-'))));
  return names.filter((name) => ready.has(layerName(name)));
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
