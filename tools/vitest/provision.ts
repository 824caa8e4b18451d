/** Run by vitest before the fast and the guest tests: what they need of this machine is installed and built. */
import { messageOf } from '../../spec/errors.ts';
import { installPackages } from '../../adapters/linux/packages.ts';
import { resolveTarget } from '../../adapters/targets.ts';

interface Project {
  readonly name: string;
}

export async function setup({ name }: Project): Promise<void> {
  const say = (message: string): void => console.error(message);
  // Without them only the tests of a connection and of the examples are left out, which say so.
  if (name === 'fast') await installPackages('tests', say).catch((error: unknown) => say(messageOf(error)));
  const target = resolveTarget(name === 'fast' ? 'memfd' : 'kernel:6.12');
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
