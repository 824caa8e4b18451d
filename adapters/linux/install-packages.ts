import { execa } from 'execa';
import { ConformanceError } from '../../spec/errors.ts';
import { run } from './run-command.ts';
import { installCommand, isRoot } from './packages.ts';

/**
 * Installs packages of Debian or Ubuntu. Only what a user has typed leads here: `prepare`, and `run --install`. Who is not root
 * is asked by sudo for a password, on the terminal, before `onProgress` is told anything.
 *
 * @throws ConformanceError of kind `target`: `packages-missing` with the command to run where nobody may become root;
 *   `packages-failed` with apt's messages when apt fails
 */
export async function installPackages(
  packages: readonly string[],
  onProgress: (message: string) => void,
): Promise<void> {
  if (packages.length === 0) return;
  if (!isRoot()) await askForRoot(packages);
  onProgress(`Installing ${packages.join(', ')}.`);
  const aptGet = async (...words: string[]): Promise<void> => {
    // There is no way to interrupt this: a package manager that is killed half-way leaves work for the administrator.
    const options = {
      what: 'Installing packages',
      code: 'packages-failed',
      hint: `Run it by hand to see more: ${installCommand(packages)}`,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    };
    if (isRoot()) await run('apt-get', words, options);
    // sudo hands no environment on, so the variable goes through env.
    else await run('sudo', ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...words], options);
  };
  await aptGet('update');
  await aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

/** sudo remembers the password for the commands that follow. */
async function askForRoot(packages: readonly string[]): Promise<void> {
  const { failed } = await execa('sudo', ['--validate'], { stdio: 'inherit', reject: false });
  if (!failed) return;
  throw new ConformanceError('target', 'packages-missing', `Packages are missing: ${packages.join(', ')}.`, {
    hint: `Only root may install them: ${installCommand(packages)}`,
  });
}
