import { describeClause, describeProgram } from '../reports/counterexample.ts';
import { escapeControls } from '../reports/escape.ts';
import { formatCount } from '../reports/format.ts';
import { CLAUSES } from '../spec/clauses.ts';
import type { CounterexampleEntry } from '../spec/journal.ts';

/** What is known of a failing program; what shrinking tells is missing when it was only replayed. */
export type Failing = Pick<CounterexampleEntry, 'disagreement' | 'text' | 'token'> &
  Partial<Pick<CounterexampleEntry, 'verdict' | 'shrunkFrom'>>;

/**
 * A nonconformance as an assertion that failed, so that test runners show `expected` and `actual` side by side as they do with
 * their own. The message has the clause, the program and what repeats it; the stack names the line of the user's test file
 * that registered the properties, for there is no other line of theirs to look at.
 */
export class NonconformanceError extends Error {
  /** What the contract asks for, on the level that differs. */
  readonly expected: unknown;
  /** What the implementation did. */
  readonly actual: unknown;
  /** Makes vitest show a difference even where one side is empty. */
  readonly showDiff = true;
  /** The id of the clause that is broken. */
  readonly clause: string;
  /** The program as one word, for the option `replay`. */
  readonly token: string;

  constructor(failing: Failing, seed: string | undefined, site: string) {
    super(escapeControls(explain(failing, seed).join('\n')));
    this.name = 'AssertionError';
    const { disagreement, token } = failing;
    this.expected = { [disagreement.level]: disagreement.expected };
    this.actual = { [disagreement.level]: disagreement.observed };
    this.clause = disagreement.clause;
    this.token = token;
    this.stack = `${this.name}: ${this.message}\n${site}`;
  }
}

function explain(failing: Failing, seed: string | undefined): string[] {
  const { disagreement, text, token, verdict, shrunkFrom } = failing;
  const { clause, level, step } = disagreement;
  const where = step < text.length ? `operation ${String(step)}` : 'the end';
  return [
    `breaks ${clause} on the level ${level}, at ${where}`,
    ...describeClause(clause, (id) => CLAUSES.get(id)),
    ...(verdict === 'flaky' ? ['  It did not repeat on a fresh instance.'] : []),
    ...describeProgram(text, step),
    ...(shrunkFrom === undefined
      ? []
      : [`  shrunk from ${formatCount(shrunkFrom)} to ${formatCount(text.length)} operations`]),
    ...(seed === undefined ? [] : [`  the run again: { ${seed} }`]),
    `  this program again: { replay: '${token}' }`,
  ];
}
