import * as z from 'zod';
import type { Disagreement } from '../spec/journal.ts';
import { Remains } from '../spec/observation.ts';
import type { EntryOf } from './entry-of.ts';
import { escapeControls } from './escape.ts';
import { formatCount, formatDuration, formatValue, type Paint, plain } from './format.ts';

/** What a report needs to know of a clause. */
export interface ClauseText {
  readonly level: 'MUST' | 'SHOULD' | 'INFO';
  /** The requirement, one sentence. */
  readonly text: string;
  /** The page and section that it comes from. */
  readonly source: string;
}

/** Finds a clause by its id. */
export type ClauseLookup = (id: string) => ClauseText | undefined;

/** What reports need to know beyond the journal. */
export interface ReportContext {
  readonly clause: ClauseLookup;
  /** The exact command that replays a counterexample. */
  readonly replayCommand: (entry: EntryOf<'counterexample'>) => string;
}

/** A counterexample for people: where, which clause, the program with the failing step marked, the difference. */
export function describeCounterexample(
  entry: EntryOf<'counterexample'>,
  { clause }: Pick<ReportContext, 'clause'>,
  paint: Paint = plain,
): string[] {
  const { disagreement } = entry;
  const title = `${entry.verdict.toUpperCase()} ${entry.target} ${entry.contract} ${entry.property}`;
  const shrunk = `${formatCount(entry.shrunkFrom)} to ${formatCount(entry.program.ops.length)} operations`;
  const effort = `${formatCount(entry.candidates)} candidates in ${formatDuration(entry.shrinkMs)}`;
  return [
    `${paint('bold', paint(entry.verdict === 'fail' ? 'red' : 'yellow', title))}: breaks ${disagreement.clause}`,
    ...describeClause(disagreement.clause, clause),
    ...(entry.verdict === 'flaky' ? ['  It did not repeat on a fresh target.'] : []),
    ...describeProgram(entry.text, disagreement.step, paint),
    ...describeDifference(disagreement, entry.text.length),
    paint('dim', `  shrunk from ${shrunk}, ${effort}`),
  ];
}

/** The operations of a program, one on a line, the failing one marked. */
export function describeProgram(text: readonly string[], failing: number, paint: Paint = plain): string[] {
  return [
    ...text.map((line, step) => markStep(line, step, failing, paint)),
    ...(failing >= text.length ? [paint('red', '  > at the end, when everything is released')] : []),
  ];
}

function describeDifference({ level, expected, observed }: Disagreement, end: number): string[] {
  const remains = level === 'health' ? z.array(Remains).safeParse(observed).data : undefined;
  if (remains === undefined) {
    return [`    expected ${level}: ${formatValue(expected)}`, `    observed ${level}: ${formatValue(observed)}`];
  }
  return remains.map(({ count, what, step, ...by }) => {
    const things = `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
    const when = step < end ? `during operation ${String(step)}` : 'at the end';
    return `    left: ${things} allocated by ${escapeControls(by.function)} ${when}`;
  });
}

/** What a clause requires, and where that stands; nothing for one that is not known. */
export function describeClause(id: string, lookup: ClauseLookup): string[] {
  const clause = lookup(id);
  return clause === undefined ? [] : [`  ${clause.level}: ${clause.text} (${clause.source})`];
}

function markStep(line: string, step: number, failing: number, paint: Paint): string {
  const text = `${String(step).padStart(3)}  ${escapeControls(line)}`;
  return step === failing ? paint('red', `  > ${text}`) : `    ${text}`;
}
