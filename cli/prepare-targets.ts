import { ConformanceError, messageOf } from '../spec/errors.ts';
import type { Target } from '../spec/ports/target.ts';
import type { Progress } from './progress.ts';

/**
 * Prepares targets, one after the other, with progress.
 *
 * @returns what is wrong with each target that could not be made ready, by its name
 * @throws ConformanceError of kind `usage`: such a target cannot exist
 */
export async function prepareTargets(
  targets: readonly Target[],
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  for (const target of targets) {
    if (signal.aborted) break;
    progress.stage(`${target.name}: preparing`);
    const onProgress = (message: string): void => progress.stage(`${target.name}: ${message}`);
    try {
      await target.prepare({ onProgress, signal });
    } catch (error) {
      if (error instanceof ConformanceError && error.kind === 'usage') throw error;
      const hint = error instanceof ConformanceError ? error.hint : undefined;
      const message = messageOf(error).replace(/\.$/, '');
      broken.set(target.name, hint === undefined ? message : `${message}; ${hint}`);
    }
  }
  return broken;
}
