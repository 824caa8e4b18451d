import { installPackages } from '../adapters/linux/install-packages.ts';
import { packagesMissingFor } from '../adapters/targets.ts';
import { createProgress } from './progress.ts';
import { say } from './terminal.ts';

/** Installs the packages that targets need, and others, with progress. Only a user's own word leads here. */
export async function installFor(targets: readonly string[], others: readonly string[] = []): Promise<void> {
  const needed = [...(await packagesMissingFor(targets)).values()].flat();
  // No line is rewritten yet, so that sudo can ask for a password.
  const progress = createProgress(process.stderr);
  try {
    await installPackages([...new Set([...needed, ...others])], (message) => {
      say(message);
      progress.stage('Installing packages');
    });
  } finally {
    progress.stop();
  }
}
