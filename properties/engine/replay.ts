import type { Contract } from '../../spec/contract.ts';
import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { describeOperation } from '../../spec/program.ts';
import { Session, SessionEnded } from './session.ts';
import { expectedObservation } from '../../model/expected-observation.ts';
import type { Step } from '../../model/step.ts';
import { traceProgram } from '../../model/trace.ts';
import { misfit } from '../judge/answer-fit.ts';
import { checkTrace } from '../judge/compare.ts';
import { judgeReplay, propertyNamed } from './judge-replay.ts';
import type { Property } from '../property.ts';
import { endedDisagreement, endedMessage } from './ending.ts';

/** One operation of a replayed program, with what was expected and what was observed on the target's levels. */
export interface ReplayStep {
  readonly text: string;
  readonly expected: unknown;
  readonly observed: unknown;
  /** On the first step that disagrees. */
  readonly disagreement?: Disagreement;
}

export interface ReplayOptions {
  readonly target: ReadyTarget;
  readonly contract: Contract;
  readonly program: Program;
  /** The property to judge it by besides; `lockstep` if absent. */
  readonly property?: string;
  readonly signal?: AbortSignal;
  /** How long the target may be silent while an answer is due, in milliseconds; 30 seconds if absent. */
  readonly silenceMs?: number;
}

/**
 * Runs one program on a fresh target and lays it beside the model, step by step, with the layout after each. A property other
 * than `lockstep` is judged on a second run and adds a step of its own. `message` says why the target could not
 * perform the program. Throws a `ConformanceError` of kind usage for an unknown property.
 */
export async function replayProgram(options: ReplayOptions): Promise<{ steps: ReplayStep[]; message?: string }> {
  const property = propertyNamed(options.property ?? 'lockstep');
  const replayed = await besideTheModel(options);
  if (replayed.message !== undefined || property.comparesAll) return replayed;
  return { steps: [...replayed.steps, await judgedBy(property, options)] };
}

async function judgedBy(property: Property, options: ReplayOptions): Promise<ReplayStep> {
  const { target, contract, program } = options;
  const judged = await judgeReplay(target, contract, { property: property.name, program }, options);
  const text = `property ${property.name}`;
  if (judged.kind !== 'fail') return { text, expected: 'holds', observed: judged.kind === 'pass' ? 'holds' : judged };
  const { disagreement } = judged;
  return { text, expected: disagreement.expected, observed: disagreement.observed, disagreement };
}

async function besideTheModel(options: ReplayOptions): Promise<{ steps: ReplayStep[]; message?: string }> {
  const { target, contract, program, signal } = options;
  const session = await Session.open(target, contract, options);
  try {
    const [answer] = await session.run([program], { everyLayout: true });
    if (answer === undefined || answer.result === 'repeated') return { steps: [], message: 'no answer' };
    if (answer.result !== 'observed') {
      return { steps: [], message: answer.result === 'skipped' ? answer.reason : answer.message };
    }
    const { profile: kernel, levels } = session;
    const problem = misfit(program, answer, { levels });
    if (problem !== undefined) return { steps: [], message: problem };
    const failed = (index: number): boolean => answer.steps[index]?.failed === true;
    const trace = traceProgram(program, contract, kernel, { everyLayout: true, failed });
    const disagreement = checkTrace(trace, answer, { kernel, levels });
    if (disagreement !== undefined && 'unpredictable' in disagreement) {
      return { steps: [], message: disagreement.unpredictable };
    }
    const steps: ReplayStep[] = [];
    const add = (text: string, result: Step, observed: unknown): void => {
      const expected = expectedObservation(result.expected, levels);
      const disagrees = disagreement?.step === steps.length;
      steps.push({ text, expected, observed, ...(disagrees && { disagreement }) });
    };
    for (const [index, result] of trace.steps.entries()) {
      const op = program.ops[index];
      if (op !== undefined) add(describeOperation(op), result, answer.steps[index]);
    }
    add('end', trace.end, answer.end);
    return { steps };
  } catch (error) {
    if (!(error instanceof SessionEnded) || signal?.aborted === true) throw error;
    if (!error.isOfSystem) return { steps: [], message: endedMessage(error) };
    // It observed nothing that it could tell: the target's last words are all there is.
    const disagreement = endedDisagreement({ kind: 'ended', error }, program.ops.length);
    const { expected, observed } = disagreement;
    const told = program.ops.map((op) => ({ text: describeOperation(op), expected: '', observed: '' }));
    return { steps: [...told, { text: 'the target ended', expected, observed, disagreement }] };
  } finally {
    await session.close();
  }
}
