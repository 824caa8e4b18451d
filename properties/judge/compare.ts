import type { ClauseId } from '../../spec/clauses.ts';
import type { Contract } from '../../spec/contract.ts';
import type { Disagreement } from '../../spec/journal.ts';
import type { KernelProfile } from '../../spec/kernel.ts';
import { answerable } from './known-reports.ts';
import type { Frames, Layout, Level, Observation, Outcome } from '../../spec/observation.ts';
import { describeOperation, type Program } from '../../spec/program.ts';
import type { Answer } from '../../spec/protocol.ts';
import type { Expected, Step } from '../../model/step.ts';
import { knownTrace } from '../../model/known-traces.ts';
import { type Trace, traceProgram } from '../../model/trace.ts';

export type Observed = Extract<Answer, { result: 'observed' }>;

/** Counts how often each clause decided an expectation that was compared. */
export class ClauseCounts {
  readonly counts = new Map<string, number>();

  add(clause: string): void {
    this.counts.set(clause, (this.counts.get(clause) ?? 0) + 1);
  }
}

export interface Checker {
  readonly contract: Contract;
  readonly kernel: KernelProfile;
  readonly levels: readonly Level[];
  readonly coverage?: ClauseCounts;
}

/** The program does what the model does not predict, and before that nothing disagrees. */
export interface Unpredictable {
  readonly unpredictable: string;
}

/** Holds what a target observed against the model: a program is stepped unless it was generated, which is stepping it. */
export function checkProgram(
  program: Program,
  answer: Observed,
  checker: Checker,
): Disagreement | Unpredictable | undefined {
  const { contract, kernel } = checker;
  const failed = (index: number): boolean => answer.steps[index]?.failed === true;
  const trace = knownTrace(program, contract, kernel) ?? traceProgram(program, contract, kernel, { failed });
  return checkTrace(trace, answer, checker);
}

/**
 * Holds what a target observed against what its program must yield, operation by operation. Yields the first disagreement. The
 * answer has to fit the program (`answer-fit.ts`).
 */
export function checkTrace(
  trace: Trace,
  answer: Observed,
  checker: Omit<Checker, 'contract'>,
): Disagreement | Unpredictable | undefined {
  const { program, steps, end } = trace.given((index) => answer.steps[index]?.failed === true);
  for (const [index, operation] of program.ops.entries()) {
    const [result, observation] = [steps[index], answer.steps[index]];
    if (result === undefined) throw new Error('check: a trace has a step for each operation');
    const difference = observation === undefined ? undefined : compare(result, observation, checker, index);
    if (difference !== undefined) return difference;
    if (result.unpredictable !== undefined) {
      const text = describeOperation(operation);
      return { unpredictable: `${text} (operation ${String(index)}) ${result.unpredictable}` };
    }
  }
  const difference = compare(end, answer.end, checker, program.ops.length);
  if (difference === undefined && checker.levels.includes('health')) checker.coverage?.add('HEALTH-03');
  return difference;
}

/** The clause that says what an operation returns. Where nothing is performed, the model has none to cite. */
export function decidingClause({ expected, clauses }: Step): ClauseId {
  return 'none' in expected.outcome ? 'PERFORM-01' : (clauses.outcome.at(-1) ?? 'PERFORM-02');
}

function disagree(
  level: Disagreement['level'],
  clause: string,
  step: number,
  expected: unknown,
  observed: unknown,
): Disagreement {
  return { level, clause, step, expected, observed };
}

function compare(
  result: Step,
  observed: Observation,
  checker: Omit<Checker, 'contract'>,
  index: number,
): Disagreement | undefined {
  const { expected, clauses } = result;
  const { levels, coverage } = checker;
  const reports = observed.reports === undefined ? [] : answerable(observed.reports, checker.kernel.platform);
  if (reports.length > 0) return disagree('reports', 'HEALTH-01', index, [], reports);
  if (coverage !== undefined) {
    coverage.add('HEALTH-01');
    for (const clause of clauses.outcome) coverage.add(clause);
    if (clauses.outcome.length === 0) coverage.add(decidingClause(result));
    if (expected.failed) coverage.add('FAIL-06');
  }
  if (expected.failed !== (observed.failed === true)) {
    return disagree('outcome', 'FAIL-06', index, { failed: expected.failed }, { failed: observed.failed === true });
  }
  if (!isExpected(expected, observed.outcome)) {
    return disagree('outcome', decidingClause(result), index, expected.outcome, observed.outcome);
  }
  if (levels.includes('health') && observed.remains !== undefined && observed.remains.length > 0) {
    return disagree('health', 'HEALTH-03', index, [], observed.remains);
  }
  if (levels.includes('callbacks')) {
    const difference = compareCallbacks(result, observed.callbacks ?? [], index, coverage);
    if (difference !== undefined) return difference;
  }
  if (levels.includes('frames')) {
    if (!sameFrames(expected.frames, observed.frames)) {
      const clause = clauses.frames.at(-1) ?? 'FRAME-05';
      return disagree('frames', clause, index, expected.frames ?? 'unchanged', observed.frames ?? 'unchanged');
    }
    if (coverage !== undefined) {
      for (const clause of clauses.frames) coverage.add(clause);
      if (expected.frames === undefined) coverage.add('FRAME-05');
    }
  }
  if (levels.includes('layout')) {
    if (expected.layout !== undefined && !sameLayout(expected.layout, observed.layout)) {
      return disagree('layout', clauses.layout.at(-1) ?? 'VMA-01', index, expected.layout, observed.layout);
    }
    if (coverage !== undefined) for (const clause of clauses.layout) coverage.add(clause);
  }
  return undefined;
}

function compareCallbacks(
  { expected }: Step,
  observed: readonly string[],
  index: number,
  coverage: ClauseCounts | undefined,
): Disagreement | undefined {
  const { callbacks } = expected;
  for (let at = 0; at < Math.max(callbacks.length, observed.length); at++) {
    const wanted = callbacks[at];
    if (wanted?.text !== observed[at]) {
      const texts = callbacks.map((callback) => callback.text);
      return disagree('callbacks', wanted?.clause ?? 'CALL-01', index, texts, observed);
    }
    if (wanted !== undefined) coverage?.add(wanted.clause);
  }
  coverage?.add('CALL-01');
  return undefined;
}

function isExpected({ outcome, alternative }: Expected, observed: Outcome): boolean {
  return sameOutcome(outcome, observed) || (alternative !== undefined && sameOutcome(alternative, observed));
}

function sameOutcome(a: Outcome, b: Outcome): boolean {
  if ('ret' in a) return 'ret' in b && a.ret === b.ret && a.data === b.data;
  if ('errno' in a) return 'errno' in b && a.errno === b.errno;
  if ('none' in a) return 'none' in b && a.none === b.none;
  return 'signal' in b && a.signal === b.signal && a.code === b.code && a.at === b.at && a.data === b.data;
}

function sameFrames(a: Frames | undefined, b: Frames | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function sameLayout(a: Layout, b: Layout | undefined): boolean {
  if (b === undefined) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [left, right] = [a[name], b[name]];
      return left?.length === right?.length && left?.every((line, index) => line === right?.[index]) === true;
    })
  );
}
