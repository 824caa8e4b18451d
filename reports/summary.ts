import { type Verdict, VERDICTS } from '../spec/journal.ts';
import { describeCounterexample, type ReportContext } from './counterexample.ts';
import { describeDriverFile } from './driver.ts';
import { escapeControls } from './escape.ts';
import { formatCount, formatDuration, formatTable, type Paint, paintVerdict, plain } from './format.ts';
import type { Cell, RunView } from './run-view.ts';

/** Clauses that were not reached and that a note names at most. */
const CLAUSES_NAMED = 10;

/** The report of a run for a terminal, one string for each line. */
export function summarize(view: RunView, context: ReportContext, paint: Paint = plain): string[] {
  const counterexamples = view.cells.flatMap((cell) => cell.counterexamples);
  return [
    ...table(view, paint),
    ...aboutTargets(view),
    ...view.cells.flatMap((cell) => notes(cell)),
    ...counterexamples.flatMap((entry) => ['', ...describeCounterexample(entry, context, paint)]),
    '',
    verdictLine(view, paint),
  ];
}

function table(view: RunView, paint: Paint): string[] {
  const head = ['target', 'contract', 'kernel', 'verdict', 'programs', 'operations', 'ops/s', 'clauses', 'time'];
  const [first, ...rest] = formatTable([head, ...view.cells.map((cell) => row(cell))]);
  const rows = rest.map((line, index) => {
    const verdict = view.cells[index]?.verdict ?? 'incomplete';
    return line.replace(` ${verdict} `, ` ${paintVerdict(verdict, paint)} `);
  });
  return [paint('bold', first ?? ''), ...rows];
}

function row(cell: Cell): string[] {
  const { applicable, exercised } = cell.coverage;
  return [
    cell.target,
    cell.contract,
    escapeControls(cell.started?.kernel.release ?? '-'),
    cell.verdict,
    formatCount(cell.programs),
    formatCount(cell.operations),
    formatCount(cell.operationsPerSecond),
    `${String(exercised.length)} of ${String(applicable.length)}`,
    formatDuration(cell.durationMs),
  ];
}

/** What has to be known of a target, once for each, whatever the contracts. */
function aboutTargets(view: RunView): string[] {
  const lines = view.cells.flatMap(({ target, started }) =>
    started?.note === undefined ? [] : [`${target}: ${escapeControls(started.note)}`],
  );
  return [...new Set(lines)];
}

/** What the table has no room for: levels, verdicts beside `pass`, clauses that were not reached, troubles. */
function notes(cell: Cell): string[] {
  const lines: string[] = [];
  const others = VERDICTS.filter((verdict) => verdict !== 'pass' && cell.verdicts[verdict] > 0);
  if (others.length > 0) {
    lines.push(`programs: ${['pass' as const, ...others].map((verdict) => count(cell, verdict)).join(', ')}`);
  }
  const missed = cell.coverage.applicable.filter((clause) => !cell.coverage.exercised.includes(clause));
  // Without `lockstep` there was no attempt to reach them.
  const tried = cell.results.some(({ property }) => property === 'lockstep');
  if (tried && missed.length > 0) lines.push(`clauses not reached: ${listSome(missed)}`);
  lines.push(...cell.driver.map(describeDriverFile));
  for (const [message, properties] of collectMessages(cell)) {
    lines.push(`${[...properties].join(', ')}: ${escapeControls(message)}`);
  }
  return lines.map((line) => `${cell.target} ${cell.contract}: ${line}`);
}

/** A run that ends early reaches few clauses; `coverage.md` has them all. */
function listSome(clauses: readonly string[]): string {
  const named = clauses.slice(0, CLAUSES_NAMED).join(', ');
  const more = clauses.length - CLAUSES_NAMED;
  return more > 0 ? `${named} and ${String(more)} more, see coverage.md` : named;
}

function count(cell: Cell, verdict: Verdict): string {
  return `${formatCount(cell.verdicts[verdict])} ${verdict}`;
}

/** Each message once, with the properties that it stopped: a target that does not start says the same for all. */
function collectMessages(cell: Cell): Map<string, Set<string>> {
  const messages = new Map<string, Set<string>>();
  const add = (verdict: Verdict, property: string, text: string | undefined): void => {
    if (text === undefined) return;
    const message = `${verdict}: ${text}`;
    messages.set(message, (messages.get(message) ?? new Set()).add(property));
  };
  for (const trouble of cell.troubles) add(trouble.verdict, trouble.property, trouble.message);
  for (const result of cell.results) {
    // A result has the first line of what it stopped at, the trouble all of it.
    const told = cell.troubles.find(({ message }) => message.split('\n')[0] === result.message);
    add(result.verdict, result.property, told?.message ?? result.message);
  }
  return messages;
}

function verdictLine(view: RunView, paint: Paint): string {
  const verdict = view.footer?.verdict ?? 'incomplete';
  return `${paint('bold', paintVerdict(verdict, paint))}: ${EXPLANATIONS[verdict]}`;
}

const EXPLANATIONS: Readonly<Record<Verdict, string>> = {
  pass: 'every program behaved as the contract says',
  fail: 'at least one program broke a clause',
  flaky: 'a disagreement did not repeat',
  skipped: 'nothing could be checked',
  errored: 'a target or the harness broke, so not everything was checked',
  incomplete: 'the run did not reach its end',
};
