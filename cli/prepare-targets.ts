import { ConformanceError, messageOf } from '../spec/errors.ts';
import type { ReadyTarget, Target } from '../spec/ports/target.ts';
import type { Progress } from './progress.ts';

/** What became of targets, by their names; those that an interrupt came before are in neither. */
export interface Prepared {
  readonly ready: ReadonlyMap<string, ReadyTarget>;
  /** What is wrong with each that could not be made ready. */
  readonly broken: ReadonlyMap<string, string>;
}

/**
 * Prepares targets, one after the other, with progress.
 *
 * @throws ConformanceError of kind `usage`: such a target cannot exist
 */
export async function prepareTargets(
  targets: readonly Target[],
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<Prepared> {
  const ready = new Map<string, ReadyTarget>();
  const broken = new Map<string, string>();
  for (const target of targets) {
    if (signal.aborted) break;
    progress.stage(`${target.name}: preparing`);
    const onProgress = (message: string): void => progress.stage(`${target.name}: ${message}`);
    try {
      ready.set(target.name, await target.prepare({ onProgress, signal }));
    } catch (error) {
      if (error instanceof ConformanceError && error.kind === 'usage') throw error;
      const hint = error instanceof ConformanceError ? error.hint : undefined;
      const message = messageOf(error).replace(/\.$/, '');
      broken.set(target.name, hint === undefined ? message : `${message}; ${hint}`);
    }
  }
  return { ready, broken };
}
