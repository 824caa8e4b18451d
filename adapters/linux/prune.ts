import { readdir, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

/**
 * The layers that change with every build of the helper or of a module. Those that are named after a kernel (`root-*`,
 * `uml-sources-*`, `uml-kernel-*`) are kept until their user removes them: they change with Debian's packages or this suite's
 * own options only, and take minutes and a network to make again.
 */
const SHORT_LIVED = /^(helper|image|modules|state)-[0-9a-f]+$/;

/** A state takes some 50 MB. Ten mutants on two kernels fit. */
const KEPT_OF_EACH = 24;

/** Nothing that a run of today may still be using is removed. Milliseconds. */
const MINIMUM_AGE = 24 * 60 * 60 * 1000;

/** Notes that a layer is in use, for `pruneLayers`. */
export async function touchLayer(directory: string): Promise<void> {
  const now = new Date();
  // The layer may belong to another user, and the note is not worth failing for.
  await utimes(directory, now, now).catch(() => undefined);
}

/** Removes short-lived layers that were not used for a day, except for the most recently used ones of each kind. */
export async function pruneLayers(cacheDir: string, now: number = Date.now()): Promise<void> {
  const byKind = new Map<string, { directory: string; usedAt: number }[]>();
  for (const name of await readdir(cacheDir)) {
    const kind = SHORT_LIVED.exec(name)?.[1];
    if (kind === undefined) {
      continue;
    }
    const directory = path.join(cacheDir, name);
    const usedAt = await stat(directory).then(
      (status) => status.mtimeMs,
      // Somebody else has removed it in the meantime.
      () => undefined,
    );
    if (usedAt !== undefined) {
      byKind.set(kind, [...(byKind.get(kind) ?? []), { directory, usedAt }]);
    }
  }
  for (const layers of byKind.values()) {
    layers.sort((a, b) => b.usedAt - a.usedAt);
    const old = layers.slice(KEPT_OF_EACH).filter((layer) => now - layer.usedAt > MINIMUM_AGE);
    await Promise.all(old.map((layer) => rm(layer.directory, { recursive: true, force: true })));
  }
}
