import type { Program } from '../../spec/program.ts';

/** What came of the first programs of a lot, up to one that did something else than pass, or to the last. */
export interface Passed {
  readonly programs: number;
  readonly operations: number;
  /** How often each clause decided what was compared. */
  readonly clauses: ReadonlyMap<string, number>;
}

/** Who makes a lot's programs and judges what is answered to them, where that is not this thread. */
export interface Maker {
  /** The programs as a JSON array. */
  readonly text: Promise<string>;
  /**
   * Judges the answers, one line for each program, as far as programs pass. Whatever else came of a program is for this thread
   * to find out, which judges it again. To be called once.
   */
  judge(lines: readonly string[]): Promise<Passed>;
}

/** Programs that are sent to a target together. */
export interface Lot {
  readonly size: number;
  /** Where a maker has made them, they are made once more when they are asked for, which is seldom. */
  readonly programs: readonly Program[];
  readonly maker?: Maker;
}

/** A lot of programs that this thread has. */
export function lotOf(programs: readonly Program[]): Lot {
  return { size: programs.length, programs };
}
