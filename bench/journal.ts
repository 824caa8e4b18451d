import * as z from 'zod';

/** What a journal of any version has of one property; the rest is not looked at, because it may differ between checkouts. */
const Result = z.looseObject({
  type: z.literal('result'),
  verdict: z.string(),
  programs: z.int(),
  operations: z.int(),
  durationMs: z.number(),
});

const Coverage = z.looseObject({ type: z.literal('coverage'), clauses: z.record(z.string(), z.int()) });

/** What a run with one target, contract and property came to. */
export interface RunFigures {
  /** Operations that were compared on every level. */
  readonly operations: number;
  /** From the first program to the last, without the start of the command and of the target. */
  readonly seconds: number;
  /** How often each clause decided something. */
  readonly clauses: Readonly<Record<string, number>>;
}

/**
 * Reads the figures of a run from its journal.
 *
 * @param text - the content of `journal.jsonl`
 * @throws when it is not the journal of a run with one property that passed: then its figures mean nothing
 */
export function readFigures(text: string): RunFigures {
  const entries = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  const results = entries.flatMap((entry) => Result.safeParse(entry).data ?? []);
  const [coverage] = entries.flatMap((entry) => Coverage.safeParse(entry).data ?? []);
  const [result] = results;
  if (result === undefined || coverage === undefined || results.length !== 1) {
    throw new Error('bench: the journal is not that of a run with one target, contract and property');
  }
  if (result.verdict !== 'pass') {
    throw new Error(`bench: the run ended with \`${result.verdict}\`, so its figures mean nothing`);
  }
  return { operations: result.operations, seconds: result.durationMs / 1000, clauses: coverage.clauses };
}

/**
 * Where two runs differ although both had the same seed; undefined if they found the same. The number of operations is the same
 * when the programs are, and so is how often each clause decided, when the model is.
 */
export function differenceOf(one: RunFigures, other: RunFigures): string | undefined {
  if (one.operations !== other.operations) {
    return `${String(one.operations)} and ${String(other.operations)} operations`;
  }
  const names = new Set([...Object.keys(one.clauses), ...Object.keys(other.clauses)]);
  const different = [...names].filter((name) => one.clauses[name] !== other.clauses[name]).sort();
  const [first] = different;
  if (first === undefined) return undefined;
  const counts = `${String(one.clauses[first] ?? 'never')} and ${String(other.clauses[first] ?? 'never')}`;
  return `as many operations, but ${String(different.length)} clauses decided not equally often: ${first} ${counts}`;
}
