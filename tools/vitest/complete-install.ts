/**
 * Run by npm before the tests. npm leaves out native parts of vitest and knip when it runs under a Node older than they ask
 * for, as Debian 12's own; then the installation is made again with the Node that this project brings along.
 */
import { delimiter } from 'node:path';
import { execa } from 'execa';
import { messageOf } from '../../spec/errors.ts';

const INSTALL = ['npx', '--yes', '--package', 'node@24', '--package', 'npm@11', 'npm', 'ci'] as const;

async function isComplete(): Promise<boolean> {
  return Promise.all([import('vitest/node'), import('knip/session')]).then(
    () => true,
    () => false,
  );
}

if (!(await isComplete())) {
  console.error('npm ran under an old Node and left parts out; installing again under a current one.');
  // The machine's own npx has to run under the machine's own Node, which comes behind the project's in the PATH.
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'));
  const [command, ...args] = INSTALL;
  try {
    await execa(command, args, { env: { PATH: path.join(delimiter) }, stdio: 'inherit' });
  } catch (error) {
    console.error(`That failed: ${messageOf(error)}\nRun it by hand: ${INSTALL.join(' ')}`);
    process.exitCode = 3;
  }
}
