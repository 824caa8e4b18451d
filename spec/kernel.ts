import { ConformanceError } from './errors.ts';
import { type Platform, platformOf } from './platform.ts';
import type { Configured, Started, TargetFacts } from './protocol.ts';

type Version = readonly [major: number, minor: number];

/**
 * The kernel series whose behaviour was measured, oldest first. A clause may say since which version in between it holds;
 * what no clause tells apart is as in the newest of these that is not newer than the target.
 */
export const MEASURED_SERIES = ['5.10', '6.1', '6.12', '7.3'] as const;
export type MeasuredSeries = (typeof MEASURED_SERIES)[number];

/** The series of Debian 13, which most people run: what is meant where none is named. */
export const DEFAULT_SERIES: MeasuredSeries = '6.12';

/** What differs between kernels, as far as it decides what a program observes. Built from what the target reports. */
export interface KernelProfile {
  readonly release: string;
  /** `[major, minor]` of the release: what ranges of versions are held against. */
  readonly version: Version;
  /** The measured series that the expectations come from: the kernel's own, or the newest that is older. */
  readonly measured: MeasuredSeries;
  readonly platform: Platform;
  readonly facts: TargetFacts;
  /** Whether PROT_EXEC is refused because the node lies on a file system without execution. */
  readonly noexec: boolean;
  /** Whether the node is a regular file, which bounds offset + length of a mapping. */
  readonly regular: boolean;
}

/**
 * The profile of a target that has answered `start` and `configure`.
 *
 * @throws ConformanceError of kind `target` for a kernel that is older than all that were measured, or tells no version, and
 *   for an architecture that was not measured
 */
export function kernelProfile(started: Started, configured: Configured & { ok: true }): KernelProfile {
  const { release, machine } = started.kernel;
  const version = parseVersion(release);
  const measured = version && MEASURED_SERIES.findLast((series) => !isOlder(version, parseVersion(series)));
  if (version === undefined || measured === undefined) {
    const message = `Linux ${release} is not supported: nothing before ${MEASURED_SERIES[0]} was measured`;
    const hint = `supported are Linux ${MEASURED_SERIES.join(', ')} and the versions between and after them`;
    throw new ConformanceError('target', 'kernel-version', message, { hint });
  }
  const { noexec, regular } = configured;
  const { facts } = started;
  const platform = platformOf(machine, facts.pageSize);
  return interned({ release, version, measured, platform, facts, noexec, regular });
}

/** The profiles of all kernels that were met, by their content. */
const profiles = new Map<string, KernelProfile>();

/** One object for all profiles that are equal, so that what was made for one instance of a target is known to be right for another. */
function interned(profile: KernelProfile): KernelProfile {
  const content = JSON.stringify(profile);
  const first = profiles.get(content) ?? profile;
  profiles.set(content, first);
  return first;
}

/** What a person has to know of a kernel that was not measured itself; undefined for one that was. */
export function kernelNote({ version, measured }: Pick<KernelProfile, 'version' | 'measured'>): string | undefined {
  const series = version.join('.');
  if (series === measured) return undefined;
  const known = MEASURED_SERIES.join(', ');
  return `Linux ${series} is not among the measured kernels (${known}); expectations are those of ${measured} with the known changes up to ${series}`;
}

/** Whether the profile's kernel is `major.minor` or newer. */
export function atLeast(kernel: Pick<KernelProfile, 'version'>, major: number, minor: number): boolean {
  return !isOlder(kernel.version, [major, minor]);
}

/** `[6, 12]` of `6.12.95+deb13-cloud-amd64`. */
export function parseVersion(release: string): Version | undefined {
  const match = /^(\d+)\.(\d+)/.exec(release);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

function isOlder([major, minor]: Version, than: Version | undefined): boolean {
  if (than === undefined) return false;
  return major < than[0] || (major === than[0] && minor < than[1]);
}
