import { type DriverFile, type JournalEntry, type Verdict, VERDICTS } from '../spec/journal.ts';
import type { EntryOf } from './entry-of.ts';

/** What a run says, arranged by target and contract: the one source of every report. */
export interface RunView {
  readonly header: EntryOf<'header'>;
  /** Each target with each contract that the run was asked for, whether or not it got there. */
  readonly cells: readonly Cell[];
  readonly footer: EntryOf<'footer'> | undefined;
}

/** One target with one contract. */
export interface Cell {
  readonly target: string;
  readonly contract: string;
  /** What the target said of itself; absent when it never answered. */
  readonly started: EntryOf<'target'> | undefined;
  /** One for each property of the run, in its order; `incomplete` when the journal has none. */
  readonly results: readonly EntryOf<'result'>[];
  readonly counterexamples: readonly EntryOf<'counterexample'>[];
  readonly troubles: readonly EntryOf<'trouble'>[];
  readonly coverage: Coverage;
  /** What was reached of each source file of the driver; none where that is not counted. */
  readonly driver: readonly DriverFile[];
  readonly verdict: Verdict;
  /** Programs by verdict, over all properties. */
  readonly verdicts: Record<Verdict, number>;
  readonly programs: number;
  readonly operations: number;
  readonly durationMs: number;
  /** Checked operations per second; 0 when nothing was checked. */
  readonly operationsPerSecond: number;
}

export interface Coverage {
  /** How often each clause that applies here decided an expectation, in the order of the journal. */
  readonly counts: ReadonlyMap<string, number>;
  /** Ids of the clauses that apply here, sorted. */
  readonly applicable: readonly string[];
  /** Those that decided at least one expectation. */
  readonly exercised: readonly string[];
}

/** Arranges the entries of a journal. A property without a result is `incomplete`. */
export function viewRun(header: EntryOf<'header'>, entries: readonly JournalEntry[]): RunView {
  const cells = header.targets.flatMap((target) =>
    header.contracts.map((contract) => {
      const own = entries.filter(
        (entry) => 'target' in entry && entry.target === target && entry.contract === contract,
      );
      return viewCell({ target, contract }, header.properties, own);
    }),
  );
  return { header, cells, footer: entries.find((entry) => entry.type === 'footer') };
}

/** The worst of several verdicts: what was found weighs more than what could not be found out. */
export function worstVerdict(verdicts: Iterable<Verdict>): Verdict {
  const seen = new Set(verdicts);
  return SEVERITY.find((verdict) => seen.has(verdict)) ?? 'incomplete';
}

// A pass beside a skip is a pass (the skip stays in the counts); only skips alone are a skip.
const SEVERITY: readonly Verdict[] = ['fail', 'flaky', 'errored', 'incomplete', 'pass', 'skipped'];

function viewCell(
  where: { target: string; contract: string },
  properties: readonly string[],
  entries: readonly JournalEntry[],
): Cell {
  const found = entries.filter((entry) => entry.type === 'result');
  const results = properties.map(
    (property) => found.find((entry) => entry.property === property) ?? missingResult(where, property),
  );
  const operations = sum(results.map((result) => result.operations));
  const durationMs = sum(results.map((result) => result.durationMs));
  // Some properties look at whole programs; they take time but compare no single operation.
  const checkingMs = sum(results.filter((result) => result.operations > 0).map((result) => result.durationMs));
  return {
    ...where,
    started: entries.find((entry) => entry.type === 'target'),
    results,
    counterexamples: entries.filter((entry) => entry.type === 'counterexample'),
    troubles: entries.filter((entry) => entry.type === 'trouble'),
    coverage: viewCoverage(entries),
    driver: entries.flatMap((entry) => (entry.type === 'driver' ? entry.files : [])),
    verdict: worstVerdict(results.map((result) => result.verdict)),
    verdicts: countVerdicts(results),
    programs: sum(results.map((result) => result.programs)),
    operations,
    durationMs,
    operationsPerSecond: checkingMs > 0 ? Math.round((operations * 1000) / checkingMs) : 0,
  };
}

function missingResult(where: { target: string; contract: string }, property: string): EntryOf<'result'> {
  return {
    type: 'result',
    ...where,
    property,
    verdict: 'incomplete',
    verdicts: zeroVerdicts(),
    programs: 0,
    operations: 0,
    durationMs: 0,
    message: 'the run ended before this property was done',
  };
}

function viewCoverage(entries: readonly JournalEntry[]): Coverage {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type !== 'coverage') continue;
    for (const [clause, count] of Object.entries(entry.clauses)) counts.set(clause, (counts.get(clause) ?? 0) + count);
  }
  const applicable = [...counts.keys()].sort();
  return { counts, applicable, exercised: applicable.filter((clause) => (counts.get(clause) ?? 0) > 0) };
}

function countVerdicts(results: readonly EntryOf<'result'>[]): Record<Verdict, number> {
  const counts = zeroVerdicts();
  for (const result of results) {
    for (const verdict of VERDICTS) counts[verdict] += result.verdicts[verdict];
  }
  return counts;
}

/** No program of any verdict yet. */
export function zeroVerdicts(): Record<Verdict, number> {
  return { pass: 0, fail: 0, skipped: 0, errored: 0, flaky: 0, incomplete: 0 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
