import type { ReadyTarget, Target } from '../../spec/ports/target.ts';

/** A target that needs nothing to be built before somebody connects to it. */
export function alwaysReady(ready: ReadyTarget): Target {
  return { name: ready.name, prepare: () => Promise.resolve(ready) };
}
