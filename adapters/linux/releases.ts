import { ConformanceError } from '../../spec/errors.ts';
import { MEASURED_SERIES, type MeasuredSeries } from '../../spec/kernel.ts';
import type { Architecture } from './architecture.ts';

/** Where a kernel series comes from: a Debian suite, and which archives of it to read. */
export interface KernelRelease {
  /** Major and minor version, for example `6.12`. */
  readonly series: string;
  /** The suite that the root is made of. */
  readonly suite: string;
  /** Further suites of the main archive, for example backports. */
  readonly extraSuites: readonly string[];
  /** The suite of the security archive, if the newest kernel of the series is there and complete. */
  readonly securitySuite?: string;
  /** The suite that the kernel packages must be taken from, when apt would not choose it by itself. */
  readonly kernelSuite?: string;
}

/** Where Debian has each measured series: one that is added without it does not compile. */
const RELEASES: Readonly<Record<MeasuredSeries, Omit<KernelRelease, 'series'>>> = {
  // The security archive of bullseye no longer holds the meta packages that its own index lists.
  '5.10': { suite: 'bullseye', extraSuites: [] },
  '6.1': { suite: 'bookworm', extraSuites: [], securitySuite: 'bookworm-security' },
  '6.12': { suite: 'trixie', extraSuites: [], securitySuite: 'trixie-security' },
  '7.3': { suite: 'trixie', extraSuites: ['trixie-backports'], kernelSuite: 'trixie-backports' },
};

/** The kernel series that `kernel:SERIES` accepts, oldest first. */
export function knownKernels(): readonly string[] {
  return MEASURED_SERIES;
}

/**
 * Looks up a kernel series such as `6.12`.
 *
 * @throws ConformanceError of kind `usage` and code `unknown-kernel` when no Debian suite is known to have it.
 */
export function kernelRelease(series: string): KernelRelease {
  const known = MEASURED_SERIES.find((candidate) => candidate === series);
  if (known === undefined) {
    throw new ConformanceError(
      'usage',
      'unknown-kernel',
      `No Debian kernel is known for the series "${series}"; the known ones are ${knownKernels().join(', ')}.`,
      { hint: `Name one of them, for example kernel:${knownKernels().at(-2) ?? ''}.` },
    );
  }
  return { series: known, ...RELEASES[known] };
}

/** The Debian packages of the kernel itself: the image, and the headers with the compiler that they depend on. */
export function kernelPackages(release: KernelRelease, { kernelFlavour }: Architecture): readonly string[] {
  const suffix = release.kernelSuite === undefined ? '' : `/${release.kernelSuite}`;
  return [`linux-image-${kernelFlavour}${suffix}`, `linux-headers-${kernelFlavour}${suffix}`];
}
