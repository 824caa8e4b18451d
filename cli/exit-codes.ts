import type { Verdict } from '../spec/journal.ts';

/** What the command line ends with, as README.md says. */
export const EXIT = {
  conformant: 0,
  /** A nonconformance or a regression. */
  nonconformant: 1,
  /** Wrong usage or bad input. */
  usage: 2,
  /** The run is incomplete, or a target broke. */
  incomplete: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Only a pass ends with 0: a run in which nothing could be checked says nothing about conformance. */
export function exitCodeOf(verdict: Verdict): ExitCode {
  if (verdict === 'pass') return EXIT.conformant;
  return verdict === 'fail' || verdict === 'flaky' ? EXIT.nonconformant : EXIT.incomplete;
}
