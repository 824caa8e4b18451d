/** Run by vitest before tests that need it: builds the helper, or a kit. Nothing is installed here: `prepare --tests` does that. */
import { messageOf } from '../../spec/errors.ts';
import { installCommand, missingPackages } from '../../adapters/linux/packages.ts';
import { resolveTarget } from '../../adapters/targets.ts';

interface Project {
  readonly name: string;
}

export async function setup({ name }: Project): Promise<void> {
  const missing = name === 'fast' ? await missingPackages('tests') : [];
  if (missing.length > 0) {
    // Without them only the tests of a connection and of the examples are left out, which say so.
    console.error(`Tests are left out, for packages are missing. Install them: ${installCommand(missing)}`);
  }
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
