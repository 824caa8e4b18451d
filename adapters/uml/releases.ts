import { readdir } from 'node:fs/promises';
import { defaultCacheDir } from '../kernel/cache.ts';

/** The kernel series that are built for User Mode Linux, oldest first. */
export const UML_SERIES = ['6.1'] as const;

/** Those whose kernel is in the cache: everything else of their kits is made in seconds. */
export async function umlsReady(cacheDir: string = defaultCacheDir()): Promise<readonly string[]> {
  const layers = await readdir(cacheDir).catch(() => []);
  // Only complete kernels count; one that is being built has a longer name.
  return UML_SERIES.filter((series) =>
    layers.some((layer) => layer.startsWith(`uml-kernel-${series}-`) && !layer.includes('.tmp-')),
  );
}
