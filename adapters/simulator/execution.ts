import type { Frames, Layout, Level, Observation, Outcome } from '../../spec/observation.ts';
import { type Address, FIRST_ACTOR, type Operation, type Program } from '../../spec/program.ts';
import type { Result } from './errno.ts';
import type { Kernel } from './kernel.ts';
import { ARENA, PAGE_SIZE, ZONE } from './machine.ts';
import { doMunlockall } from './mlock.ts';
import { FrameObserver, observeLayout } from './observe.ts';
import { DONE, outcomeOf, UNBOUND } from './outcomes.ts';
import { Process } from './process.ts';

/** What a program is observed for. */
export interface Watch {
  readonly levels: ReadonlySet<Level>;
  /** Observe the layout after every operation instead of only at checkpoints and the end. */
  readonly layoutEvery: boolean;
}

/** A descriptor that was never opened, or whose `open` failed. */
const NO_DESCRIPTOR = -1;

/** One run of one program: its processes and variables. A kernel is used for many, one after the other. */
export class Execution {
  /** Live processes in order of creation. */
  readonly processes = new Map<string, Process>();
  readonly #kernel: Kernel;
  readonly #watch: Watch;
  readonly #frames: FrameObserver;
  readonly #descriptors = new Map<string, number>();
  /** First pages; a variable keeps its address whatever happens to the mapping. */
  readonly #mappings = new Map<string, number>();

  constructor(kernel: Kernel, watch: Watch) {
    this.#kernel = kernel;
    this.#watch = watch;
    this.#frames = new FrameObserver(kernel.memory);
  }

  /** From a clean state to a clean state, so that the same execution can run any number of programs. */
  run(program: Program, onStep: (step: number) => void): { steps: Observation[]; end: Observation } {
    this.#start(program);
    const steps: Observation[] = [];
    for (const [index, operation] of program.ops.entries()) {
      onStep(index);
      this.#kernel.driver.step = index;
      const outcome = this.#perform(operation);
      const wantsLayout = this.#watch.layoutEvery || operation.op === 'checkpoint';
      steps.push(this.#observe(outcome, wantsLayout ? this.#layout() : null, this.#framesNow()));
    }
    return { steps, end: this.#finish() };
  }

  /** The number that a descriptor variable holds. */
  descriptor(name: string): number {
    return this.#descriptors.get(name) ?? NO_DESCRIPTOR;
  }

  /** Binds a descriptor variable to what a call has returned, or to no descriptor when it has failed. */
  bindDescriptor(name: string, result: Result): Outcome {
    this.#descriptors.set(name, typeof result === 'number' ? result : NO_DESCRIPTOR);
    return outcomeOf(result);
  }

  /** Bytes from the start of the arena, or null for a mapping that was never made. */
  address(at: Address): number | null {
    if ('arena' in at) return at.arena;
    const start = this.#mappings.get(at.map);
    return start === undefined ? null : start * PAGE_SIZE + at.offset;
  }

  /** Binds a mapping variable to the page that a call has returned; a failed call leaves it as it was. */
  bindMapping(name: string, result: Result): Outcome {
    if (typeof result === 'number') this.#mappings.set(name, result);
    return outcomeOf(result);
  }

  #start(program: Program): void {
    this.processes.clear();
    this.#descriptors.clear();
    this.#mappings.clear();
    this.#kernel.limits = new this.#kernel.parts.Limits(program.setting);
    this.#kernel.driver.load();
    this.#kernel.driver.log = [];
    this.#kernel.memory.reports = [];
    this.#frames.reset();
    this.processes.set(FIRST_ACTOR, new Process(this.#kernel));
  }

  /** The cleaning at the end of every program; layout and frames are those from before it. */
  #finish(): Observation {
    const layout = this.#layout();
    const frames = this.#framesNow();
    this.#kernel.limits = new this.#kernel.parts.Limits();
    for (const [name, process] of this.processes) if (name !== FIRST_ACTOR) process.exit();
    const first = this.processes.get(FIRST_ACTOR);
    if (first !== undefined) this.#clean(first);
    for (let file = this.#kernel.socket.shift(); file !== undefined; file = this.#kernel.socket.shift()) {
      this.#kernel.putFile(file);
      this.#kernel.returnToUser();
    }
    this.#kernel.driver.injection.arm(undefined);
    const end = this.#observe(DONE, layout, frames);
    const remains = this.#kernel.driver.remains();
    if (this.#watch.levels.has('health') && remains.length > 0) end.remains = remains;
    this.#kernel.driver.unload();
    return end;
  }

  #clean(first: Process): void {
    doMunlockall(first.space);
    for (const range of [ZONE, ARENA]) {
      first.space.unmap(range.start, range.end);
      this.#kernel.returnToUser();
    }
    for (const descriptor of first.files.numbers()) {
      first.close(descriptor);
      this.#kernel.returnToUser();
    }
  }

  #layout(): Layout | null {
    return this.#watch.levels.has('layout') ? observeLayout(this.processes) : null;
  }

  #framesNow(): Frames | null {
    return this.#watch.levels.has('frames') ? this.#frames.observe(this.processes) : null;
  }

  #observe(outcome: Outcome, layout: Layout | null, frames: Frames | null): Observation {
    const { driver, memory } = this.#kernel;
    const observation: Observation = { outcome };
    if (driver.injection.took) observation.failed = true;
    if (layout !== null) observation.layout = layout;
    if (frames !== null) observation.frames = frames;
    if (driver.log.length > 0) {
      if (this.#watch.levels.has('callbacks')) observation.callbacks = driver.log;
      driver.log = [];
    }
    if (memory.reports.length > 0) {
      observation.reports = memory.reports;
      memory.reports = [];
    }
    return observation;
  }

  #perform(operation: Operation): Outcome {
    const { injection } = this.#kernel.driver;
    injection.arm('fail' in operation ? operation.fail : undefined);
    const process = this.processes.get(operation.actor);
    if (process === undefined) return UNBOUND;
    const perform = this.#kernel.parts.operations[operation.op] as (
      execution: Execution,
      operation: Operation,
      process: Process,
    ) => Outcome;
    const outcome = perform(this, operation, process);
    this.#kernel.returnToUser();
    return outcome;
  }
}
