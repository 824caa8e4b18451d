import fc from 'fast-check';
import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import { FIRST_ACTOR, type Operation, type OperationName, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { Process, State } from '../model/state.ts';
import { initialState, step } from '../model/step.ts';
import * as make from './operations.ts';
import { Choices } from './random.ts';

/** What a generator needs to know of the place where its programs will run. */
export interface Setting {
  readonly contract: Contract;
  readonly kernel: KernelProfile;
  readonly operations: ReadonlySet<OperationName>;
}

/** What an operation's generator sees: the state before it, as the model has it. */
export interface Scene extends Setting {
  readonly choices: Choices;
  readonly state: State;
  readonly process: Process;
  /** Names bound so far; new ones count up. */
  readonly names: { descriptors: number; mappings: number; actors: number };
}

const WEIGHTS: readonly (readonly [number, OperationName])[] = [
  [6, 'open'],
  [4, 'close'],
  [3, 'dup'],
  [5, 'read'],
  [4, 'pread'],
  [5, 'write'],
  [4, 'pwrite'],
  [2, 'lseek'],
  [18, 'mmap'],
  [9, 'munmap'],
  [14, 'load'],
  [14, 'store'],
  [9, 'mprotect'],
  [4, 'fork'],
  [3, 'exit'],
  [2, 'checkpoint'],
];

const SHORTEST = 3;
const LONGEST = 28;
/** Live processes at most: enough for grandchildren, and forks are what costs most on a target. */
const PROCESSES = 4;

/** A program for the setting: state-aware, with a random subset of operation kinds (swarm testing). */
export function generateProgram(choices: Choices, setting: Setting): Program {
  const kinds = WEIGHTS.filter(([, kind]) => setting.operations.has(kind) && (isBasic(kind) || choices.chance(65)));
  const length = choices.between(SHORTEST, LONGEST);
  const names = { descriptors: 0, mappings: 0, actors: 1 };
  const ops: Operation[] = [];
  let state = initialState(setting.contract, setting.kernel);
  while (ops.length < length) {
    const process = choices.chance(70) ? state.processes[0] : choices.pick(state.processes);
    if (process === undefined) break;
    const scene: Scene = { ...setting, choices, state, process, names };
    const operation = nextOperation(scene, kinds, ops.length);
    ops.push(operation);
    state = step(state, operation, setting.contract, setting.kernel).state;
  }
  return { version: PROGRAM_VERSION, ops };
}

function isBasic(kind: OperationName): boolean {
  return kind === 'open' || kind === 'mmap';
}

function nextOperation(scene: Scene, kinds: readonly (readonly [number, OperationName])[], index: number): Operation {
  const { choices, process } = scene;
  // Nothing can happen before there is a descriptor, so most programs begin with one.
  if (index === 0 && choices.chance(95)) return make.open(scene);
  if (process.vmas.length === 0 && choices.chance(40)) return make.mmap(scene);
  const kind = choices.weighted(kinds);
  if (kind === 'exit' && process.name === FIRST_ACTOR) return make.load(scene);
  if (kind === 'fork' && scene.state.processes.length >= PROCESSES) return make.store(scene);
  return make[kind](scene);
}

/** Spreads the runs' seeds and the programs' numbers over fast-check's 32-bit seeds. */
function mix(seed: number, index: number): number {
  let value = Math.imul(seed ^ (index * 0x9e3779b1), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) | 0;
}

/** Programs as a fast-check arbitrary; shrinking is the suite's own (`shrink.ts`), which works on real targets. */
export class ProgramArbitrary extends fc.Arbitrary<Program> {
  readonly #setting: Setting;

  constructor(setting: Setting) {
    super();
    this.#setting = setting;
  }

  generate(random: fc.Random): fc.Value<Program> {
    return new fc.Value(generateProgram(new Choices(random), this.#setting), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Program {
    return value === undefined;
  }

  shrink(): fc.Stream<fc.Value<Program>> {
    return fc.Stream.nil();
  }
}

/** The program with this number in the run with this seed. The same for ever, on every machine. */
export function programNumber(arbitrary: fc.Arbitrary<Program>, seed: number, index: number): Program {
  const [program] = fc.sample(arbitrary, { seed: mix(seed, index), numRuns: 1 });
  if (program === undefined) throw new Error('generator: fast-check yielded no program');
  return program;
}
