import { defaultCacheDir, layersReady } from '../linux/cache.ts';

/** A kernel that can be built for User Mode Linux. */
export interface UmlRelease {
  /** What follows `uml:` in the name of the target. */
  readonly name: string;
  /** The kernel series, of which Debian has sources. */
  readonly series: string;
  /** Whether it is instrumented, and says what a driver does silently. */
  readonly checks: boolean;
  /** Whether it is taken as Debian's package `user-mode-linux` has it, instead of compiled. */
  readonly packaged?: true;
}

/** The kernels that run as User Mode Linux, oldest first. */
export const UML_RELEASES: readonly UmlRelease[] = [
  { name: '6.1', series: '6.1', checks: false },
  { name: '6.1+checks', series: '6.1', checks: true },
  { name: '6.1-packaged', series: '6.1', checks: false, packaged: true },
  { name: '6.12', series: '6.12', checks: false },
];

/** The name of a target. */
export function umlName(release: UmlRelease): string {
  return `uml:${release.name}`;
}

/** The targets whose kernel is in the cache: everything else of their kits is made in seconds. */
export async function umlsReady(cacheDir: string = defaultCacheDir()): Promise<readonly string[]> {
  const names = UML_RELEASES.map((release) => release.name);
  const ready = await layersReady(cacheDir, names, (name) => `uml-kernel-${name}`);
  return ready.map((name) => `uml:${name}`);
}
