import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BUILD_DIR } from './root.ts';

/** No build takes longer, so what is older was left by one that was killed. In milliseconds. */
const STALE_MS = 24 * 3_600_000;

/** A directory to build in, which the compiler finds in the root as `inRoot`. */
export interface BuildDirectory {
  readonly directory: string;
  /** The same directory for whoever has changed its root. */
  readonly inRoot: string;
}

/**
 * Makes a directory inside a root, lets something be built there, and removes it. What builds that were killed have left in
 * the root goes, too.
 */
export async function withBuildDirectory<T>(root: string, build: (at: BuildDirectory) => Promise<T>): Promise<T> {
  const inRoot = path.posix.join('/', BUILD_DIR, randomUUID());
  const directory = path.join(root, inRoot);
  await removeStale(path.join(root, BUILD_DIR));
  await mkdir(directory, { recursive: true });
  try {
    return await build({ directory, inRoot });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function removeStale(builds: string): Promise<void> {
  const names = await readdir(builds).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const left = path.join(builds, name);
      const seen = await stat(left).catch(() => undefined);
      if (seen !== undefined && Date.now() - seen.ctimeMs > STALE_MS) await rm(left, { recursive: true, force: true });
    }),
  );
}
