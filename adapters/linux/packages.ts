import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { ConformanceError } from '../../spec/errors.ts';
import { X86_64 } from './architecture.ts';

interface Requirement {
  /** The name of the Debian and Ubuntu package. */
  readonly package: string;
  /** A command on the PATH that tells that it is there, however it was installed. */
  readonly command?: string;
  /** For packages without a command: one of their files. */
  readonly file?: string;
}

/** What building the helper needs. */
const HELPER: readonly Requirement[] = [
  { package: 'gcc', command: 'gcc' },
  { package: 'make', command: 'make' },
  { package: 'libc6-dev', file: '/usr/include/stdlib.h' },
];

/** What making and using a root needs. The compiler of the modules is not here: it comes with the kernel. */
const ROOT: readonly Requirement[] = [
  { package: 'mmdebstrap', command: 'mmdebstrap' },
  { package: 'debian-archive-keyring', file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { package: 'util-linux', command: 'setpriv' },
  { package: 'util-linux', command: 'flock' },
  { package: 'util-linux', command: 'unshare' },
  { package: 'patch', command: 'patch' },
];

/** What guests of QEMU need besides. */
const GUEST: readonly Requirement[] = [
  ...ROOT,
  { package: X86_64.qemu.package, command: X86_64.qemu.binary },
  { package: 'xz-utils', command: 'xz' },
  { package: 'zstd', command: 'zstd' },
];

/** What kits of User Mode Linux need besides the helper: they are processes of this machine. */
const UML: readonly Requirement[] = [...ROOT, { package: 'util-linux', command: 'taskset' }];

/** What tests need that nobody else does: both ends of a connection, and what the examples are written in. */
const TESTS: readonly Requirement[] = [
  { package: 'openssh-server', file: '/usr/sbin/sshd' },
  { package: 'openssh-client', command: 'ssh' },
  { package: 'openssh-client', command: 'ssh-keygen' },
  { package: 'g++', command: 'g++' },
  { package: 'python3', command: 'python3' },
];

const NEEDED = { tests: TESTS, helper: HELPER, guest: [...HELPER, ...GUEST], uml: [...HELPER, ...UML] };

/** What packages are asked for: building the helper, guests, which hold the helper, or what tests need. */
export type Purpose = keyof typeof NEEDED;

/** Whether this process may do everything. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The command that installs packages, as this user would type it. */
export function installCommand(packages: readonly string[]): string {
  const aptGet = isRoot() ? 'apt-get' : 'sudo apt-get';
  return `${aptGet} update && ${aptGet} install --yes --no-install-recommends ${packages.join(' ')}`;
}

/** The packages that the purpose needs and this machine does not have, without duplicates. */
export async function missingPackages(purpose: Purpose): Promise<readonly string[]> {
  const missing = await Promise.all(
    NEEDED[purpose].map(async (requirement) => ((await isMet(requirement)) ? [] : [requirement.package])),
  );
  return [...new Set(missing.flat())];
}

/**
 * Refuses to go on without packages. Nothing that a target does installs them: that is done only where a user asks for it.
 *
 * @throws ConformanceError of kind `target`: `packages-missing`, with the command that installs them
 */
export async function requirePackages(purpose: Purpose): Promise<void> {
  const missing = await missingPackages(purpose);
  if (missing.length === 0) return;
  throw new ConformanceError('target', 'packages-missing', `Packages are missing: ${missing.join(', ')}.`, {
    hint: `Install them: ${installCommand(missing)}`,
  });
}

async function isMet(requirement: Requirement): Promise<boolean> {
  if (requirement.file !== undefined) {
    return canAccess(requirement.file, constants.R_OK);
  }
  const { command } = requirement;
  if (command === undefined) {
    return true;
  }
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  const found = await Promise.all(
    directories.map((directory) => canAccess(path.join(directory, command), constants.X_OK)),
  );
  return found.includes(true);
}

async function canAccess(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}
