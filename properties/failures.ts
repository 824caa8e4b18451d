import { FAILURE_OF, FIRST_ACTOR, type Operation, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { Failure } from '../spec/operations/define.ts';
import type { Answer } from '../spec/protocol.ts';
import { lockstep } from './lockstep.ts';
import type { Property, Supply } from './property.ts';
import type { Source } from './source.ts';

/** A driver that does something so often in one operation is not pursued further. */
const MOST = 200;

/** The first, second, third … thing that can fail in each operation of a program does, until nothing fails any more. */
export const failures: Property = {
  ...lockstep,
  name: 'failures',
  text: 'Whichever allocation or copy of the driver fails, the call says so, and nothing is half-done or left.',
  share: 6,
  most: 60,
  lengths: { shortest: 3, longest: 14 },
  lacks: (started) => (started.failures.length === 0 ? 'the target lets nothing fail on demand' : undefined),
  source: (supply) => new FailurePoints(supply),
};

/** Generated programs rarely load the module when nobody uses it. */
const LOAD: Program = { version: PROGRAM_VERSION, ops: [{ op: 'reload', actor: FIRST_ACTOR }] };

/**
 * Every failure point of loading the module, and of every operation of some programs: each is run with the first of its
 * allocations or copies failing, and as long as that came to pass, with the next, whether what followed was right or not.
 */
class FailurePoints implements Source {
  readonly #base: (index: number) => Program;
  readonly #count: number;
  readonly #failures: ReadonlySet<Failure>;
  readonly #queue: Program[] = [];
  #index = 0;

  constructor({ program, count, surroundings }: Supply) {
    this.#base = program;
    this.#count = count;
    this.#failures = surroundings.failures;
    if (surroundings.operations.has('reload')) this.#enumerate(LOAD);
  }

  next(): Program | undefined {
    while (this.#queue.length === 0 && this.#index < this.#count) this.#enumerate(this.#base(this.#index++));
    return this.#queue.shift();
  }

  learn(program: Program, [answer]: readonly Answer[]): void {
    const step = program.ops.findIndex((op) => nthOf(op) !== undefined);
    const op = program.ops[step];
    const nth = op && nthOf(op);
    if (op === undefined || nth === undefined || nth >= MOST) return;
    // Under which one the kernel died cannot be told from the next.
    const cameToPass = answer === undefined || (answer.result === 'observed' && answer.steps[step]?.failed === true);
    if (cameToPass) {
      this.#queue.push({ ...program, ops: program.ops.with(step, failing(op, nth + 1)) });
    }
  }

  #enumerate(program: Program): void {
    for (const [step, op] of program.ops.entries()) {
      const what = FAILURE_OF.get(op.op);
      if (what === undefined || !this.#failures.has(what)) continue;
      this.#queue.push({ ...program, ops: program.ops.with(step, failing(op, 1)) });
    }
  }
}

function nthOf(op: Operation): number | undefined {
  return 'fail' in op ? op.fail?.nth : undefined;
}

function failing(op: Operation, nth: number): Operation {
  return { ...op, fail: { what: FAILURE_OF.get(op.op), nth } } as Operation;
}
