/** Run by vitest before the fast and the guest tests: what they need of this machine is installed and built. */
import { messageOf } from '../spec/errors.ts';
import { installPackages } from './packages.ts';
import { resolveTarget } from './targets.ts';

interface Project {
  readonly name: string;
}

export async function setup({ name }: Project): Promise<void> {
  const say = (message: string): void => console.error(message);
  // Without it only the test of a connection is left out, which says so.
  if (name === 'fast') await installPackages('connection', say).catch((error: unknown) => say(messageOf(error)));
  const target = resolveTarget(name === 'guest' ? 'kernel:6.12' : 'memfd');
  try {
    await target.prepare({
      onProgress: (message) => {
        console.error(`${target.name}: ${message}`);
      },
    });
  } catch (error) {
    // Tests that need it fail with the same sentence; all others can still run.
    const hint = error instanceof Error && 'hint' in error ? String(error.hint) : '';
    console.error(`${target.name} cannot be made ready: ${messageOf(error)} ${hint}`);
  }
}
