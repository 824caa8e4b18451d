import type { EncodedBytes } from '../observation.ts';

/** What was counted for one line of a driver's source. */
export interface CountedLine {
  /** From 1 on. */
  readonly number: number;
  readonly reached: boolean;
  /** Ways on from here: how many there are, and how many of them were taken. Both are 0 where there is only one. */
  readonly branches: number;
  readonly branchesTaken: number;
}

/** A source file of a driver. Lines without code are not among the counted ones. */
export interface CountedSource {
  /** Its path in the directory of the driver. */
  readonly file: string;
  /** Ascending. */
  readonly lines: readonly CountedLine[];
  /** The text of all lines. */
  readonly text: readonly string[];
}

/** What a target that counts can say of the drivers that it loads. */
export interface DriverCounting {
  /**
   * @param data the counters of one file
   * @returns which of its counters have counted at all; what they stand for, only the compiler knows
   * @throws ConformanceError of kind `target` when it is no file of counters
   */
  reached(data: EncodedBytes): readonly number[];
  /**
   * @param module the driver's name
   * @param counters for each session the last ones, by file
   * @returns its source files, sorted by name; none if nothing is known of the module
   * @throws ConformanceError of kind `target` when the counters do not belong to what the target was built of
   */
  read(module: string, counters: readonly ReadonlyMap<string, EncodedBytes>[]): Promise<readonly CountedSource[]>;
}
