import type { ClauseId } from '../spec/clauses.ts';
import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import type { Frames, Layout, Outcome } from '../spec/observation.ts';
import { FIRST_ACTOR, type Operation, type OperationName, type Program } from '../spec/program.ts';
import { newBuffer } from './memory/buffer.ts';
import { install } from './files/descriptor-table.ts';
import { Draft, type ExpectedCallback } from './draft.ts';
import { areSame, observeFrames, observeLayout } from './observe.ts';
import { access } from './operations/access.ts';
import { advice } from './operations/advice.ts';
import { descriptors } from './operations/descriptors.ts';
import { mappings } from './operations/mappings.ts';
import { processes } from './operations/processes.ts';
import { transfers } from './operations/transfers.ts';
import type { Perform, Performers } from './outcome.ts';
import { zoneEnd, zoneStart } from './areas/place.ts';
import { endProcess } from './processes/processes.ts';
import { SmallMap } from './small-map.ts';
import type { State } from './state.ts';
import { unmapRange } from './areas/unmap.ts';

const PERFORMERS: Performers = { ...descriptors, ...transfers, ...mappings, ...advice, ...access, ...processes };

/** What an operation must yield on each level. */
export interface Expected {
  readonly outcome: Outcome;
  readonly callbacks: readonly ExpectedCallback[];
  /** Undefined when they are as they were observed last. */
  readonly frames: Frames | undefined;
  /** Undefined where nobody looks at it. */
  readonly layout: Layout | undefined;
  /** Whether the failure that the operation asked for took place. */
  readonly failed: boolean;
  /** An outcome that is as good. */
  readonly alternative: Outcome | undefined;
}

/** The clauses that decided, by level; the last of each decided finally. */
export interface Clauses {
  readonly outcome: readonly ClauseId[];
  readonly frames: readonly ClauseId[];
  readonly layout: readonly ClauseId[];
}

export interface Step {
  readonly state: State;
  readonly expected: Expected;
  readonly clauses: Clauses;
  /** Why the next state is only a guess: what decides is not known of the target. */
  readonly unpredictable: string | undefined;
}

/** The state in which a program starts: one process, a device in its initial state, the program's limits. */
export function initialState(contract: Contract, kernel: KernelProfile, { setting }: Pick<Program, 'setting'>): State {
  let state = initialStates.get(contract);
  if (state === undefined) {
    state = firstState(contract, kernel);
    initialStates.set(contract, state);
  }
  return setting === undefined ? state : { ...state, setting };
}

/** States are immutable, so all programs of a contract can start from one; no kernel makes a difference to it. */
const initialStates = new WeakMap<Contract, State>();

function firstState(contract: Contract, kernel: KernelProfile): State {
  const empty: State = {
    processes: [
      {
        name: FIRST_ACTOR,
        descriptors: [],
        vmas: [],
        pages: new SmallMap(),
        futureFlags: 0,
        leftovers: undefined,
        miscountedLocks: 0,
      },
    ],
    descriptions: new SmallMap(),
    inFlight: [],
    setting: {},
    contents: new SmallMap(),
    anonParents: new SmallMap(),
    descriptors: new SmallMap(),
    mappings: new SmallMap(),
    nextId: 1,
    observedFrames: {},
  };
  if (contract.buffer.owner !== 'device') return empty;
  const draft = new Draft(empty, contract, kernel);
  newBuffer(draft);
  return draft.state();
}

export interface StepOptions {
  /** Expect the layout after every operation instead of only at checkpoints. */
  readonly everyLayout?: boolean;
  /**
   * Whether the failure that the operation asks for took place. How often a driver allocates is its own business, so the
   * target says whether it came to that, and the model what follows from it.
   */
  readonly failed?: boolean;
}

/** What one operation does: the next state, what must be observed, and the clauses that decided it. Pure. */
export function step(
  state: State,
  operation: Operation,
  contract: Contract,
  kernel: KernelProfile,
  { everyLayout = false, failed = false }: StepOptions = {},
): Step {
  const draft = new Draft(state, contract, kernel);
  if (failed && 'fail' in operation) draft.failure = operation.fail;
  const process = draft.process(operation.actor);
  const outcome: Outcome =
    process === undefined
      ? { none: 'unbound' }
      : (PERFORMERS[operation.op] as Perform<OperationName>)(draft, process, operation);
  draft.releaseDropped();
  const layout = everyLayout || (operation.op === 'checkpoint' && process !== undefined);
  return finish(draft, outcome, layout);
}

/** The end of every program: what is mapped is observed, then everything is cleaned up and its callbacks observed. */
export function end(state: State, contract: Contract, kernel: KernelProfile): Step {
  const draft = new Draft(state, contract, kernel);
  const layout = observeLayout(draft);
  const frames = changedFrames(draft);
  draft.layoutClauses.push('VMA-01');
  for (const process of draft.processes) {
    if (process.name === FIRST_ACTOR) continue;
    endProcess(draft, process);
    draft.releaseDropped();
  }
  const { facts } = kernel;
  const arena = [0, facts.arenaPages] as const;
  const zone = [zoneStart(facts), zoneEnd(facts)] as const;
  for (const range of facts.searchesUpward === true ? [arena, zone] : [zone, arena]) cleanFirst(draft, ...range);
  const first = draft.process(FIRST_ACTOR);
  for (const [number, description] of first?.descriptors.entries() ?? []) {
    if (first === undefined || description === 0) continue;
    install(first, number, 0);
    draft.drop(description);
    draft.releaseDropped();
  }
  for (const description of draft.inFlight) {
    draft.inFlight = draft.inFlight.slice(1);
    draft.drop(description);
    draft.releaseDropped();
  }
  const expected = {
    outcome: { ret: 0 },
    callbacks: draft.callbacks,
    frames,
    layout,
    failed: false,
    alternative: undefined,
  };
  return stepOf(draft, expected);
}

/** One system call of the cleaning: the first process unmaps a range. */
function cleanFirst(draft: Draft, start: number, end: number): void {
  const first = draft.process(FIRST_ACTOR);
  if (first !== undefined) unmapRange(draft, first, start, end, 'UNMAP-07');
  draft.releaseDropped();
}

function finish(draft: Draft, outcome: Outcome, layout: boolean): Step {
  const frames = draft.framesTouched ? changedFrames(draft) : undefined;
  const expected: Expected = {
    outcome,
    callbacks: draft.callbacks,
    frames,
    layout: layout ? observeLayout(draft) : undefined,
    failed: draft.failed,
    alternative: draft.alternative,
  };
  return stepOf(draft, expected);
}

function stepOf(draft: Draft, expected: Expected): Step {
  const { outcomeClauses: outcome, framesClauses: frames, layoutClauses: layout, unpredictable } = draft;
  return { state: draft.state(), expected, clauses: { outcome, frames, layout }, unpredictable };
}

function changedFrames(draft: Draft): Frames | undefined {
  const frames = observeFrames(draft);
  if (areSame(frames, draft.observedFrames)) return undefined;
  draft.observedFrames = frames;
  return frames;
}
