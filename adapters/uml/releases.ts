import { defaultCacheDir, layersReady } from '../kernel/cache.ts';

/** The kernel series that are built for User Mode Linux, oldest first. */
export const UML_SERIES = ['6.1'] as const;

/** Those whose kernel is in the cache: everything else of their kits is made in seconds. */
export async function umlsReady(cacheDir: string = defaultCacheDir()): Promise<readonly string[]> {
  return layersReady(cacheDir, UML_SERIES, (series) => `uml-kernel-${series}`);
}
