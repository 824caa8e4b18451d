import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { defaultCacheDir } from './linux/cache-directory.ts';

/**
 * Keeps what Node makes of each source file, its types stripped, for the next start, which then takes half as long. Of use for what is
 * imported after the call. Where it cannot be kept, nothing is lost but that.
 */
export function keepCompiled(): void {
  enableCompileCache(path.join(defaultCacheDir(), 'compiled'));
}
