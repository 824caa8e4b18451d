import type { ReadyTarget, Target } from '../../spec/ports/target.ts';

/** Makes a target ready, without a word; one that is ready already stays as it is. */
export async function prepared(target: Target | ReadyTarget): Promise<ReadyTarget> {
  return 'prepare' in target ? target.prepare({ onProgress: () => undefined }) : target;
}
