import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import { type Operation, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { State } from './state.ts';
import { end, initialState, step, type Step, type StepOptions } from './step.ts';

/**
 * Whether the failure that the operation with this index asks for takes place. Nobody but the target can say so; until it has, each
 * failure that is asked for takes place.
 */
export type Failures = (index: number) => boolean;

export interface TraceOptions extends Pick<StepOptions, 'everyLayout'> {
  readonly failed?: Failures;
}

/**
 * What a program must yield on a driver and a kernel: made by `traceProgram`, or by a `TraceBuilder` while the program is being
 * written. Immutable, so a trace can be made once and be asked by all who need it.
 */
export class Trace {
  readonly program: Program;
  /** One for each operation. */
  readonly steps: readonly Step[];
  readonly #world: World;
  #end: Step | undefined;

  constructor(program: Program, steps: readonly Step[], world: World) {
    this.program = program;
    this.steps = steps;
    this.#world = world;
  }

  /** What is observed behind the last operation, and the cleaning up. Computed when it is asked for first. */
  get end(): Step {
    const { contract, kernel } = this.#world;
    this.#end ??= end(stateBehind(this.steps, this.program, this.#world), contract, kernel);
    return this.#end;
  }

  /** Whether it is what the program must yield with this driver on this kernel. */
  isOf(contract: Contract, kernel: KernelProfile): boolean {
    return this.#world.contract === contract && this.#world.kernel === kernel && !this.#world.everyLayout;
  }

  /**
   * What the same program must yield where the target says which failures took place. Only what follows from the first operation
   * that failed otherwise is stepped again; where there is none, this is the trace itself.
   */
  given(failed: Failures): Trace {
    // A step that could not fail, and did not, is the same whatever was assumed of it.
    const first = this.program.ops.findIndex(
      (operation, index) => asksToFail(operation) && this.steps[index]?.expected.failed !== failed(index),
    );
    if (first === -1) return this;
    return new Trace(this.program, stepsOf(this.program, this.#world, this.steps.slice(0, first), failed), this.#world);
  }
}

/** Where a program runs, and what is watched there. */
interface World {
  readonly contract: Contract;
  readonly kernel: KernelProfile;
  /** Whether the layout is expected after every operation instead of only at checkpoints. */
  readonly everyLayout: boolean;
}

/** What a program must yield. */
export function traceProgram(
  program: Program,
  contract: Contract,
  kernel: KernelProfile,
  { everyLayout = false, failed = () => true }: TraceOptions = {},
): Trace {
  const world = { contract, kernel, everyLayout };
  return new Trace(program, stepsOf(program, world, [], failed), world);
}

/** Makes a program and its trace at once, operation by operation: what is tried is stepped, and what is kept is not stepped again. */
export class TraceBuilder {
  readonly #world: World;
  readonly #start: Pick<Program, 'setting'>;
  readonly #ops: Operation[] = [];
  readonly #steps: Step[] = [];
  #state: State;

  constructor(contract: Contract, kernel: KernelProfile, { setting }: Pick<Program, 'setting'> = {}) {
    this.#world = { contract, kernel, everyLayout: false };
    this.#start = setting === undefined ? {} : { setting };
    this.#state = initialState(contract, kernel, this.#start);
  }

  /** The state behind the operations that were kept. */
  get state(): State {
    return this.#state;
  }

  /** How many operations were kept. */
  get length(): number {
    return this.#ops.length;
  }

  /** What an operation would do next. A failure that it asks for takes place. */
  try(operation: Operation): Step {
    const { contract, kernel } = this.#world;
    return step(this.#state, operation, contract, kernel, { failed: true });
  }

  /** Goes on behind an operation, with what `try` has yielded for it since the last one was kept. */
  keep(operation: Operation, tried: Step): void {
    this.#ops.push(operation);
    this.#steps.push(tried);
    this.#state = tried.state;
  }

  /** The program so far. What is kept later is not in it. */
  trace(): Trace {
    return new Trace({ version: PROGRAM_VERSION, ...this.#start, ops: [...this.#ops] }, [...this.#steps], this.#world);
  }
}

/** All steps of a program, of which the first ones are known. */
function stepsOf(program: Program, world: World, known: readonly Step[], failed: Failures): Step[] {
  const { contract, kernel, everyLayout } = world;
  const steps = [...known];
  let state = stateBehind(known, program, world);
  for (const [offset, operation] of program.ops.slice(known.length).entries()) {
    const next = step(state, operation, contract, kernel, { everyLayout, failed: failed(known.length + offset) });
    steps.push(next);
    state = next.state;
  }
  return steps;
}

function stateBehind(steps: readonly Step[], program: Program, { contract, kernel }: World): State {
  return steps.at(-1)?.state ?? initialState(contract, kernel, program);
}

function asksToFail(operation: Operation): boolean {
  return 'fail' in operation && operation.fail !== undefined;
}
