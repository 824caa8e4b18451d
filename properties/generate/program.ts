import fc from 'fast-check';
import type { Contract } from '../../spec/contract.ts';
import type { KernelProfile } from '../../spec/kernel.ts';
import {
  FIRST_ACTOR,
  type Operation,
  OPERATION_NAMES,
  type OperationName,
  type Program,
  type Setting,
  type SettingName,
} from '../../spec/program.ts';
import type { Started } from '../../spec/protocol.ts';
import type { Step } from '../../model/step.ts';
import { remember } from '../../model/known-traces.ts';
import { type Trace, TraceBuilder } from '../../model/trace.ts';
import { access } from './operations/access.ts';
import { advice } from './operations/advice.ts';
import { descriptors, open } from './operations/descriptors.ts';
import { mappings, mmap } from './operations/mappings.ts';
import { processes } from './operations/processes.ts';
import { sometimesFailing } from './operations/failing.ts';
import { type Generators, type Scene, type Surroundings, type Theme, THEMES } from './operations/scene.ts';
import { transfers } from './operations/transfers.ts';
import { Choices, Weighted } from './choices.ts';

export type { Surroundings } from './operations/scene.ts';

/** What generators need to know of a target that has answered `start` and `configure`. */
export function surroundingsOf(contract: Contract, kernel: KernelProfile, started: Started): Surroundings {
  const { operations, settings, mapFlags, failures } = started;
  return {
    contract,
    kernel,
    operations: new Set(operations),
    settings: new Set(settings),
    mapFlags: new Set(mapFlags),
    failures: new Set(failures),
  };
}

const GENERATORS: Generators = { ...descriptors, ...transfers, ...mappings, ...advice, ...access, ...processes };

const THEME_NAMES = Object.keys(THEMES) as readonly Theme[];
const WEIGHTED_THEMES = new Weighted(THEME_NAMES.map((theme) => [THEMES[theme].weight, theme] as const));

/** How many themes a program is about; of one that has to meet a limit never all. */
const FEW_THEMES = [
  [20, 1],
  [45, 2],
  [30, 3],
] as const;
const SOME_THEMES = new Weighted<number>(FEW_THEMES);
const SOME_OR_ALL_THEMES = new Weighted<number>([...FEW_THEMES, [5, THEME_NAMES.length]]);

/** How many operations a program has. */
export interface Lengths {
  readonly shortest: number;
  readonly longest: number;
}

const LENGTHS: Lengths = { shortest: 3, longest: 36 };

/** A limit has to be reached before it shows. */
const LIMITED_SHORTEST = 16;

/** How often, in percent, a program runs under limits, may map huge areas, and an operation is wrong in several ways. */
const LIMITED = 13;
const HUGE = 25;
const RECKLESS = 7;

/**
 * An operation that shows nothing new in its program is drawn again in so many percent, so many times at most: what is rare
 * comes to pass more often, and what has to happen before it still does.
 */
const CURIOUS = 80;
const DRAWS = 8;

/** Kinds that are tried when those before made no sense. */
const ATTEMPTS = 6;

/** The values of a limit: small, so that it is met. */
interface Limit {
  readonly weight: number;
  readonly values: readonly number[];
  /** What a program has to be about to meet it. */
  readonly themes: readonly Theme[];
}

const LIMITS: Readonly<Record<SettingName, Limit>> = {
  addressSpace: { weight: 6, values: [0, 1, 2, 3, 4, 5, 6], themes: ['areas', 'moving'] },
  descriptors: {
    weight: 6,
    values: [0, 1, 1, 1, 1, 1, 2, 2, 3],
    themes: ['descriptors', 'passing', 'passing', 'passing'],
  },
  locked: { weight: 5, values: [0, 0, 1, 2, 3, 4, 6], themes: ['locks'] },
  areas: { weight: 8, values: [0, 0, 1, 1, 2, 3], themes: ['areas', 'areas', 'moving', 'advice', 'advice', 'locks'] },
};

/** What changes from one operation to the next. */
interface Changing {
  state: Scene['state'];
  process: Scene['process'];
  names: Scene['names'];
  reckless: boolean;
}

/**
 * A program for a target, state-aware, about a few themes, and what it must yield.
 *
 * @param onto - a program that it begins with, whose operations are all predictable and not asked to fail
 */
export function generateProgram(
  choices: Choices,
  surroundings: Surroundings,
  lengths = LENGTHS,
  onto?: Program,
): Trace {
  const { setting, themes } =
    onto === undefined ? limits(choices, surroundings) : { setting: onto.setting ?? {}, themes: [] };
  const plan = makePlan(choices, surroundings, themes);
  const { contract, kernel } = surroundings;
  // A target that says how much can be mapped has no room for more.
  const huge = setting.locked === undefined && kernel.facts.mapPages === undefined && choices.chance(HUGE);
  const shortest = themes.length > 0 ? Math.min(lengths.longest, LIMITED_SHORTEST) : lengths.shortest;
  const begun = onto?.ops.length ?? 0;
  const length = choices.between(Math.max(shortest, begun + 1), Math.max(lengths.longest, begun + 1));
  const limited = Object.keys(setting).length > 0 && { setting };
  const builder = new TraceBuilder(contract, kernel, { ...limited });
  const cited = new Set<string>();
  for (const operation of onto?.ops ?? []) {
    const result = builder.try(operation);
    isNews(result, cited);
    builder.keep(operation, result);
  }
  let bound = namesBound(onto?.ops ?? []);
  const [first] = builder.state.processes;
  if (first === undefined) throw new Error('generator: a program begins with a process');
  // One for all draws of the program: nobody keeps it.
  const scene: Scene & Changing = {
    ...surroundings,
    choices,
    setting,
    huge,
    memory: new Map<string, unknown>(),
    state: builder.state,
    process: first,
    names: bound,
    reckless: false,
  };
  while (builder.length < length) {
    scene.state = builder.state;
    const process = choices.chance(45) ? scene.state.processes[0] : choices.pick(scene.state.processes);
    if (process === undefined) break;
    scene.process = process;
    for (let draw = 1; draw <= DRAWS; draw++) {
      scene.names = { ...bound };
      scene.reckless = choices.chance(RECKLESS);
      const operation = sometimesFailing(scene, nextOperation(scene, plan, builder.length));
      // Whether it comes to the failure is the target's business; most of them are the first of their kind.
      const result = builder.try(operation);
      // Nothing could be said of what comes behind it.
      if (result.unpredictable !== undefined) continue;
      if (!isNews(result, cited) && draw < DRAWS && choices.chance(CURIOUS)) continue;
      builder.keep(operation, result);
      bound = scene.names;
      break;
    }
  }
  return builder.trace();
}

/** How many names of each kind operations have given. */
function namesBound(ops: readonly Operation[]): { descriptors: number; mappings: number; actors: number } {
  const given = ops.flatMap((op) => ('to' in op && typeof op.to === 'string' ? [op.to] : []));
  const next = (letter: string): number => {
    const numbers = given.filter((name) => name.startsWith(letter)).map((name) => Number(name.slice(1)));
    return Math.max(-1, ...numbers) + 1;
  };
  return { descriptors: next('d'), mappings: next('m'), actors: Math.max(1, next('p')) };
}

/** Whether a step is decided by a clause that decided nothing in the program so far. */
function isNews({ clauses, expected }: Step, cited: Set<string>): boolean {
  const before = cited.size;
  for (const { clause } of expected.callbacks) cited.add(clause);
  for (const clause of clauses.outcome) cited.add(clause);
  for (const clause of clauses.frames) cited.add(clause);
  for (const clause of clauses.layout) cited.add(clause);
  return cited.size > before;
}

type Kinds = readonly (readonly [weight: number, kind: OperationName])[];

/** The kinds that belong to a theme, or to every program. */
function kindsIn(theme: Theme | 'every'): Kinds {
  return OPERATION_NAMES.map((kind) => [GENERATORS[kind].in[theme] ?? 0, kind] as const).filter(
    ([weight]) => weight > 0,
  );
}

const KINDS = Object.fromEntries(
  ([...THEME_NAMES, 'every'] as const).map((theme) => [theme, kindsIn(theme)]),
) as Readonly<Record<Theme | 'every', Kinds>>;

/** What a program is about: the kinds of each of its themes, and those that belong to every program. */
interface Plan {
  readonly themes: readonly Weighted<OperationName>[];
  readonly basic: Weighted<OperationName>;
  /** Whether there is little to see without mappings. */
  readonly memory: boolean;
}

/** A few themes, or all of them, and about three quarters of the kinds that belong to them (swarm testing). */
function makePlan(choices: Choices, { operations }: Surroundings, given: readonly Theme[]): Plan {
  const count = choices.from(given.length > 0 ? SOME_THEMES : SOME_OR_ALL_THEMES);
  const chosen = new Set<Theme>(given);
  while (chosen.size < count) chosen.add(choices.from(WEIGHTED_THEMES));
  const left = new Set(OPERATION_NAMES.filter((kind) => operations.has(kind) && choices.chance(75)));
  const kindsOf = (theme: Theme | 'every'): Kinds => KINDS[theme].filter(([, kind]) => left.has(kind));
  const themes = [...chosen].map(kindsOf).filter((kinds) => kinds.length > 0);
  return {
    themes: themes.map((kinds) => new Weighted(kinds)),
    basic: new Weighted<OperationName>([[1, 'open'], [3, 'mmap'], ...kindsOf('every')]),
    memory: [...chosen].some((theme) => THEMES[theme].memory),
  };
}

/** The limits of a program, if it has any, and what it has to be about to meet them. */
function limits(choices: Choices, { settings }: Surroundings): { setting: Setting; themes: readonly Theme[] } {
  const names = [...settings].map((name) => [LIMITS[name].weight, name] as const);
  if (names.length === 0 || !choices.chance(LIMITED)) return { setting: {}, themes: [] };
  const chosen = new Set([choices.weighted(names)]);
  if (choices.chance(15)) chosen.add(choices.weighted(names));
  const setting: Setting = {};
  for (const name of chosen) setting[name] = choices.pick(LIMITS[name].values);
  return { setting, themes: [...chosen].map((name) => choices.pick(LIMITS[name].themes)) };
}

function nextOperation(scene: Scene, plan: Plan, index: number): Operation {
  const { choices, process } = scene;
  // Nothing can happen before there is a descriptor, so most programs begin with one.
  if (index === 0 && choices.chance(95)) return open(scene);
  if (plan.memory && process.vmas.length === 0 && choices.chance(40)) return mmap(scene);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const isBasic = plan.themes.length === 0 || choices.chance(plan.memory ? 38 : 15);
    const operation = GENERATORS[choices.from(isBasic ? plan.basic : choices.pick(plan.themes))].make(scene);
    if (operation !== undefined) return operation;
  }
  return { op: 'checkpoint', actor: FIRST_ACTOR };
}

/** Spreads the runs' seeds and the programs' numbers over fast-check's 32-bit seeds. */
function mix(seed: number, index: number): number {
  let value = Math.imul(seed ^ (index * 0x9e3779b1), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) | 0;
}

/**
 * Programs, each with what it must yield, as a fast-check arbitrary; shrinking is the suite's own (`shrink.ts`), which works on real
 * targets.
 */
export class ProgramArbitrary extends fc.Arbitrary<Trace> {
  readonly #surroundings: Surroundings;
  readonly #lengths: Lengths;
  readonly #onto: Program | undefined;

  /** @param onto - what all of them begin with */
  constructor(surroundings: Surroundings, lengths: Lengths = LENGTHS, onto?: Program) {
    super();
    this.#surroundings = surroundings;
    this.#lengths = lengths;
    this.#onto = onto;
  }

  generate(random: fc.Random): fc.Value<Trace> {
    return new fc.Value(generateProgram(new Choices(random), this.#surroundings, this.#lengths, this.#onto), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Trace {
    return value === undefined;
  }

  shrink(): fc.Stream<fc.Value<Trace>> {
    return fc.Stream.nil();
  }
}

/**
 * The program with this number in the run with this seed. The same for ever, on every machine. What it must yield is known from
 * now on to whoever judges it.
 */
export function programNumber(arbitrary: fc.Arbitrary<Trace>, seed: number, index: number): Program {
  const [trace] = fc.sample(arbitrary, { seed: mix(seed, index), numRuns: 1 });
  if (trace === undefined) throw new Error('generator: fast-check yielded no program');
  remember(trace);
  return trace.program;
}
