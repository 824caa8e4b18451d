import type { Contract } from '../spec/contract.ts';
import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import type { Target } from '../spec/target.ts';
import { describeOperation } from '../spec/text.ts';
import { Session } from '../adapters/session.ts';
import { end, initialState, step, type Step } from '../model/step.ts';
import { checkProgram } from './check.ts';

/** One operation of a replayed program, with what was expected and what was observed on the target's levels. */
export interface ReplayStep {
  readonly text: string;
  readonly expected: unknown;
  readonly observed: unknown;
  /** On the first step that disagrees. */
  readonly disagreement?: Disagreement;
}

/** Runs one program on a fresh target and lays it beside the model, step by step, with the layout after each. */
export async function replayProgram(options: {
  target: Target;
  contract: Contract;
  program: Program;
  signal?: AbortSignal;
}): Promise<{ steps: ReplayStep[]; message?: string }> {
  const { target, contract, program, signal } = options;
  const session = await Session.open(target, contract, signal ? { signal } : {});
  try {
    const [answer] = await session.run([program], { everyLayout: true });
    if (answer === undefined || answer.result === 'repeated') return { steps: [], message: 'no answer' };
    if (answer.result !== 'observed') {
      return { steps: [], message: answer.result === 'skipped' ? answer.reason : answer.message };
    }
    const { profile: kernel, levels } = session;
    const disagreement = checkProgram(program, answer, { contract, kernel, levels, everyLayout: true });
    const steps: ReplayStep[] = [];
    const add = (text: string, result: Step, observed: unknown): void => {
      const { outcome, callbacks, frames, layout } = result.expected;
      const expected = {
        outcome,
        ...(layout && levels.includes('layout') && { layout }),
        ...(frames && levels.includes('frames') && { frames }),
        ...(callbacks.length > 0 && levels.includes('callbacks') && { callbacks: callbacks.map((one) => one.text) }),
      };
      const failed = disagreement?.step === steps.length;
      steps.push({ text, expected, observed, ...(failed && { disagreement }) });
    };
    let state = initialState(contract, kernel);
    for (const [index, op] of program.ops.entries()) {
      const result = step(state, op, contract, kernel, true);
      state = result.state;
      add(describeOperation(op), result, answer.steps[index]);
    }
    add('end', end(state, contract, kernel), answer.end);
    return { steps };
  } finally {
    await session.close();
  }
}
