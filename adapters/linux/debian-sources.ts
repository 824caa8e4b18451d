import { execa } from 'execa';
import { ConformanceError } from '../../spec/errors.ts';
import type { KernelRelease } from './releases.ts';

/** The archives that this machine's apt already uses. No host name is written in this project. */
export interface DebianArchives {
  /** URI of the main archive. */
  readonly main: string;
  /** URI of the security archive, if the machine uses it. */
  readonly security?: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const FORMAT = '$(REPO_URI) $(RELEASE) $(ORIGIN) $(SIGNED_BY)';

/** Names of releases that only Debian has, for a machine whose package lists were never fetched (no Origin then). */
const DEBIAN_RELEASE = /^(bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)(-|$)/;

/** Reads from the output of `apt-get indextargets` in our format which archives are Debian's. */
export function parseIndexTargets(output: string): DebianArchives | undefined {
  let main: string | undefined;
  let security: string | undefined;
  for (const line of output.split('\n')) {
    const [uri, release = '', origin = ''] = line.split(' ');
    if (uri === undefined || uri === '' || !(origin === 'Debian' || DEBIAN_RELEASE.test(release))) {
      continue;
    }
    if (/-security$|\/updates$/.test(release)) {
      security ??= uri;
    } else {
      main ??= uri;
    }
  }
  return main === undefined ? undefined : { main, ...(security === undefined ? {} : { security }) };
}

/**
 * Finds the Debian archives of this machine.
 *
 * @throws ConformanceError of kind `target`, code `no-debian-archive`, on a machine whose apt knows none
 */
export async function findDebianArchives(): Promise<DebianArchives> {
  const result = await execa('apt-get', ['indextargets', '--format', FORMAT, 'Identifier: Packages'], {
    reject: false,
  });
  const archives = result.exitCode === 0 ? parseIndexTargets(result.stdout) : undefined;
  if (archives === undefined) {
    throw new ConformanceError(
      'target',
      'no-debian-archive',
      "The kernels come from Debian, and this machine's apt configuration has no Debian source.",
      { hint: 'Add a deb line or a .sources file for a Debian mirror, and install debian-archive-keyring.' },
    );
  }
  return archives;
}

/** The source lines that a root for this kernel is made from. */
export function sourceLines(release: KernelRelease, archives: DebianArchives): readonly string[] {
  const line = (uri: string, suite: string): string => `deb [signed-by=${KEYRING}] ${uri} ${suite} main`;
  const lines = [release.suite, ...release.extraSuites].map((suite) => line(archives.main, suite));
  if (release.securitySuite !== undefined && archives.security !== undefined) {
    lines.push(line(archives.security, release.securitySuite));
  }
  return lines;
}
