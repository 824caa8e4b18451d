import type { Program } from '../spec/program.ts';
import type { Answer } from '../spec/protocol.ts';

/** Where the programs of a property come from. */
export interface Source {
  /** The next program; undefined when there is none, or none yet. */
  next(): Program | undefined;
  /**
   * Tells what the target answered to one of them, so that those to come may depend on it.
   *
   * @param answers none if the target ended under it
   * @param passed whether it did what the property wants; what it has counted is gone with its instance if not
   */
  learn?(program: Program, answers: readonly Answer[], passed: boolean): void;
}

/** Programs by number, up to a count, which may be infinite. */
export function numbered(program: (index: number) => Program | undefined, count: number): Source {
  let index = 0;
  return { next: () => (index < count ? program(index++) : undefined) };
}
