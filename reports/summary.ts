import type { Verdict } from '../spec/journal.ts';
import { describeCounterexample, type ReportContext } from './counterexample.ts';
import { escapeControls } from './escape.ts';
import { formatCount, formatMinutes, formatTable, type Paint, paintVerdict, plain, wrapList } from './format.ts';
import { describeDrivers, describeProblems, describeSkips } from './notes.ts';
import type { Cell, RunView } from './run-view.ts';

/** Columns of the terminal that everybody has. */
const WIDTH = 80;
const HEAD = ['target', 'contract', 'verdict', 'programs', 'operations', 'ops/s', 'clauses', 'time'];
const [TARGET, CONTRACT, VERDICT] = [0, 1, 2];

/**
 * The report of a run for a terminal, one string for each line: the verdict, what failed, the table, what was skipped, and where
 * all of that is written. The commands that replay failures are last, where they are found without scrolling.
 *
 * @param directory - where the files of the run lie
 */
export function summarize(view: RunView, context: ReportContext, directory: string, paint: Paint = plain): string[] {
  const counterexamples = view.cells.flatMap((cell) => cell.counterexamples);
  const problems = describeProblems(view);
  return [
    verdictLine(view, paint),
    ...counterexamples.flatMap((entry) => ['', ...describeCounterexample(entry, context, paint)]),
    ...(problems.length > 0 ? ['', ...problems] : []),
    '',
    ...table(view, paint),
    ...aboutTargets(view),
    ...describeDrivers(view),
    ...describeSkips(view),
    `seed ${String(view.header.seed)}; reports are in ${directory}`,
    ...counterexamples.map((entry) => `replay: ${paint('bold', context.replayCommand(entry))}`),
  ];
}

function table({ cells }: RunView, paint: Paint): string[] {
  return formatTable([HEAD, ...cells.map((cell) => row(cell))], {
    width: WIDTH,
    shortened: [TARGET, CONTRACT],
    style: (text, line, column) => {
      if (line === 0) return paint('bold', text);
      const verdict = column === VERDICT ? cells[line - 1]?.verdict : undefined;
      return verdict === undefined ? text : paintVerdict(verdict, paint, text);
    },
  });
}

function row(cell: Cell): string[] {
  const { applicable, exercised } = cell.coverage;
  return [
    escapeControls(cell.target),
    cell.contract,
    cell.verdict,
    formatCount(cell.programs),
    formatCount(cell.operations),
    formatCount(cell.operationsPerSecond),
    `${String(exercised.length)}/${String(applicable.length)}`,
    formatMinutes(cell.durationMs),
  ];
}

/** The kernels, and what else has to be known of a target, once for each, whatever the contracts. */
function aboutTargets({ cells }: RunView): string[] {
  const kernels = cells.flatMap(({ target, started }) =>
    started === undefined ? [] : [`${target} ${started.kernel.release}`],
  );
  const noted = cells.flatMap(({ target, started }) =>
    started?.note === undefined ? [] : [`${target}: ${started.note}`],
  );
  return [...wrapList('kernels: ', [...new Set(kernels)], WIDTH), ...new Set(noted)].map(escapeControls);
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
