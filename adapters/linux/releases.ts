import { ConformanceError } from '../../spec/errors.ts';

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

const RELEASES: readonly KernelRelease[] = [
  // The security archive of bullseye no longer holds the meta packages that its own index lists.
  { series: '5.10', suite: 'bullseye', extraSuites: [] },
  { series: '6.1', suite: 'bookworm', extraSuites: [], securitySuite: 'bookworm-security' },
  { series: '6.12', suite: 'trixie', extraSuites: [], securitySuite: 'trixie-security' },
  { series: '7.3', suite: 'trixie', extraSuites: ['trixie-backports'], kernelSuite: 'trixie-backports' },
];

/** The kernel series that `kernel:SERIES` accepts, oldest first. */
export function knownKernels(): readonly string[] {
  return RELEASES.map((release) => release.series);
}

/**
 * Looks up a kernel series such as `6.12`.
 *
 * @throws ConformanceError of kind `usage` and code `unknown-kernel` when no Debian suite is known to have it.
 */
export function kernelRelease(series: string): KernelRelease {
  const release = RELEASES.find((candidate) => candidate.series === series);
  if (release === undefined) {
    throw new ConformanceError(
      'usage',
      'unknown-kernel',
      `No Debian kernel is known for the series "${series}"; the known ones are ${knownKernels().join(', ')}.`,
      { hint: `Name one of them, for example kernel:${knownKernels().at(-2) ?? ''}.` },
    );
  }
  return release;
}

/** The Debian packages of the kernel itself: the image, and the headers with the compiler that they depend on. */
export function kernelPackages(release: KernelRelease): readonly string[] {
  const suffix = release.kernelSuite === undefined ? '' : `/${release.kernelSuite}`;
  return [`linux-image-cloud-amd64${suffix}`, `linux-headers-cloud-amd64${suffix}`];
}
