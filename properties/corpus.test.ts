import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Simulator } from '../adapters/simulator/simulator.ts';
import { traceProgram } from '../model/trace.ts';
import type { Expected } from '../model/step.ts';
import type { Program } from '../spec/program.ts';
import { listContracts, loadContract } from '../spec/io/load.ts';
import { kernelProfile, MEASURED_SERIES } from '../spec/kernel.ts';
import { LEVELS, type Observation } from '../spec/observation.ts';
import { type Answer, type Configured, PROTOCOL_VERSION, type Started } from '../spec/protocol.ts';
import { corpusFor } from './corpus.ts';
import { ProgramArbitrary, programNumber, surroundingsOf } from './generate/program.ts';

/** Generated programs of each contract on each kernel. */
const GENERATED = 12;

const CASES = listContracts().flatMap((name) => MEASURED_SERIES.map((series) => ({ name, series })));

/** Whether all is seen that the model expects; written anew, so that this is no test of the judge. */
function agrees({ outcome, alternative, callbacks, frames, layout }: Expected, seen: Observation | undefined): boolean {
  const texts = callbacks.map(({ text }) => text);
  const isOutcome = [outcome, alternative].some((one) => one !== undefined && isDeepStrictEqual(one, seen?.outcome));
  const isLaidOut = layout === undefined || isDeepStrictEqual(layout, seen?.layout);
  return isOutcome && isLaidOut && isDeepStrictEqual([texts, frames], [seen?.callbacks ?? [], seen?.frames]);
}

/** Small and without a run around it, so that mutation testing can ask it about each change of the model. */
describe.each(CASES)('the model and the simulator, which share no code, agree: $name on $series', (where) => {
  const contract = loadContract(where.name);
  const simulator = new Simulator({ series: where.series });
  const [started] = simulator.handle({ cmd: 'start', version: PROTOCOL_VERSION }) as [Started];
  const levels = [...LEVELS];
  const configured = simulator.handle({ cmd: 'configure', seq: 1, contract, levels }) as [Configured & { ok: true }];
  const kernel = kernelProfile(started, configured[0]);
  const stored = corpusFor(where.name).map(({ program }) => program);
  const answers = simulator.handle({ cmd: 'run', seq: 2, programs: stored }) as Answer[];

  const differences = (programs: readonly Program[], answers: readonly Answer[]): unknown[] =>
    programs.flatMap((program, index) => {
      const answer = answers[index];
      if (answer?.result !== 'observed') throw new Error('the simulator observes every program');
      const { steps, end } = traceProgram(program, contract, kernel, {
        failed: (at) => answer.steps[at]?.failed === true,
      });
      const seen = [...answer.steps, answer.end];
      const guess = steps.findIndex(({ unpredictable }) => unpredictable !== undefined);
      const known = guess === -1 ? [...steps, end] : steps.slice(0, guess);
      return known.flatMap(({ expected }, at) => (agrees(expected, seen[at]) ? [] : [{ program, at, expected }]));
    });

  test('on stored programs', () => {
    expect(differences(stored, answers)).toEqual([]);
  });

  test('on generated programs', () => {
    const arbitrary = new ProgramArbitrary(surroundingsOf(contract, kernel, started));
    const programs = Array.from({ length: GENERATED }, (_, index) => programNumber(arbitrary, 1, index));
    const observed = simulator.handle({ cmd: 'run', seq: 3, programs }) as Answer[];
    expect(differences(programs, observed)).toEqual([]);
  });
});
