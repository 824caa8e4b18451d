/**
 * What the model expects of many generated programs, as one digest: a change of the model that is to change no verdict leaves it as
 * it is. `node bench/digest.ts --programs 1250 --seed 1`; with `--against DIR` another checkout's model is
 * asked about the same programs, and the two are timed side by side. Ends with 1 where they differ.
 */
import { createHash, type Hash } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as own from '../model/step.ts';
import { ProgramArbitrary, programNumber } from '../properties/generate/program.ts';
import { FAILURES } from '../spec/operations/define.ts';
import { MAP_FLAGS } from '../spec/operations/mappings.ts';
import { OPERATION_NAMES, type Program, SETTING_NAMES } from '../spec/program.ts';
import { type Case, digestCases } from './digest-cases.ts';
import { formatSpread, ratioOf, spreadOf } from './statistics.ts';

type Model = Pick<typeof own, 'initialState' | 'step' | 'end'>;

/** A case and its programs. */
interface Work {
  readonly one: Case;
  readonly programs: readonly Program[];
}

/** Steps per second of processor time, garbage collection included: all steps of all programs and their ends. */
function stepsPerSecond(model: Model, work: readonly Work[]): number {
  let steps = 0;
  const begun = process.cpuUsage();
  for (const { one, programs } of work) {
    const { contract, kernel } = one;
    for (const program of programs) {
      let state = model.initialState(contract, kernel, program);
      for (const operation of program.ops) state = model.step(state, operation, contract, kernel).state;
      model.end(state, contract, kernel);
      steps += program.ops.length + 1;
    }
  }
  const { user, system } = process.cpuUsage(begun);
  return steps / ((user + system) / 1e6);
}

/** Programs of one case. The model that generates is this checkout's, so the digest has the programs in it as well. */
function generate({ contract, kernel }: Case, count: number, seed: number): Program[] {
  const arbitrary = new ProgramArbitrary({
    contract,
    kernel,
    operations: new Set(OPERATION_NAMES),
    settings: new Set(SETTING_NAMES),
    mapFlags: new Set(MAP_FLAGS),
    failures: new Set(FAILURES),
  });
  return Array.from({ length: count }, (_, index) => programNumber(arbitrary, seed, index));
}

/** Adds a program and all that must come of it. What operations ask to fail does so in every other program. */
function addProgram(hash: Hash, model: Model, program: Program, { contract, kernel }: Case, failed: boolean): void {
  let state = model.initialState(contract, kernel, program);
  const all: unknown[] = [program];
  for (const operation of program.ops) {
    const result = model.step(state, operation, contract, kernel, { everyLayout: true, failed });
    all.push(shown(result));
    state = result.state;
  }
  all.push(shown(model.end(state, contract, kernel)));
  hash.update(JSON.stringify(all));
}

/** In a fixed order, so that how the model builds its answer makes no difference. */
function shown({ expected, clauses, unpredictable }: own.Step): unknown {
  const { outcome, callbacks, frames, layout, failed, alternative } = expected;
  const { outcome: decided, frames: ofFrames, layout: ofLayout } = clauses;
  return [outcome, callbacks, frames, layout, failed, alternative, decided, ofFrames, ofLayout, unpredictable];
}

function digestOf(model: Model, programs: readonly Program[], one: Case): string {
  const hash = createHash('sha256');
  for (const [index, program] of programs.entries()) addProgram(hash, model, program, one, index % 2 === 0);
  return hash.digest('hex');
}

const { values } = parseArgs({
  options: {
    /** Of each case. */
    programs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    against: { type: 'string' },
    /** Timed rounds of all programs, which are all kept for that. */
    rounds: { type: 'string', default: '0' },
    /** Prints the digest of each case as well. */
    cases: { type: 'boolean', default: false },
  },
});
const [count, seed, rounds] = [Number(values.programs), Number(values.seed), Number(values.rounds)];
const other =
  values.against === undefined
    ? undefined
    : ((await import(pathToFileURL(resolve(values.against, 'model/step.ts')).href)) as Model);

const total = createHash('sha256');
const work: Work[] = [];
const differing: string[] = [];
let [programCount, stepCount] = [0, 0];
for (const one of digestCases()) {
  const programs = generate(one, count, seed);
  const digest = digestOf(own, programs, one);
  total.update(digest);
  programCount += programs.length;
  stepCount += programs.reduce((sum, { ops }) => sum + ops.length + 1, 0);
  if (values.cases) console.log(`${digest.slice(0, 16)}  ${one.name}`);
  if (other !== undefined && digestOf(other, programs, one) !== digest) differing.push(one.name);
  if (rounds > 0) work.push({ one, programs });
}
console.log(`digest ${total.digest('hex')}`);
const each = `${String(count)} of each case, seed ${values.seed}`;
console.log(`of ${String(programCount)} programs with ${String(stepCount)} steps, ${each}`);
if (other !== undefined) {
  console.log(differing.length === 0 ? 'both expect the same' : `they differ in: ${differing.join(', ')}`);
  if (differing.length > 0) process.exitCode = 1;
}

if (rounds > 0) {
  const models = other === undefined ? [own] : [own, other];
  const speeds = models.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, model] of models.entries()) speeds[index]?.push(stepsPerSecond(model, work));
  }
  console.log(`steps per second of processor time in ${String(rounds)} rounds, median (smallest–largest):`);
  const [ownSpeeds = [], otherSpeeds = []] = speeds;
  console.log(`  this checkout  ${formatSpread(spreadOf(ownSpeeds))}`);
  if (other !== undefined) {
    console.log(`  the other one  ${formatSpread(spreadOf(otherSpeeds))}`);
    console.log(`  ratio          ${formatSpread(ratioOf(ownSpeeds, otherSpeeds), 2)}`);
  }
}
