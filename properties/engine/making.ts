import type { Program } from '../../spec/program.ts';
import type { Answer } from '../../spec/protocol.ts';
import { ProgramArbitrary, programNumber } from '../generate/program.ts';
import { misfit } from '../judge/answer-fit.ts';
import { ClauseCounts } from '../judge/compare.ts';
import { lockstep } from '../lockstep.ts';
import type { Passed } from './lot.ts';
import type { Delivery, Order, Work } from './makers.ts';

/** What a thread of `Makers` does: programs of `lockstep` by number, and judging them. Programs are kept until they are judged. */
export class Making {
  readonly #work: Work;
  readonly #arbitrary: ProgramArbitrary;
  readonly #lots = new Map<number, readonly Program[]>();

  constructor(work: Work) {
    this.#work = work;
    this.#arbitrary = new ProgramArbitrary(work.surroundings, lockstep.lengths);
  }

  fill(order: Order): Delivery {
    const { first } = order;
    if (order.what === 'make') {
      const programs = Array.from({ length: order.size }, (_, index) =>
        programNumber(this.#arbitrary, this.#work.seed, first + index),
      );
      this.#lots.set(first, programs);
      return JSON.stringify(programs);
    }
    const programs = this.#lots.get(first) ?? [];
    this.#lots.delete(first);
    // They were read as answers before they came here.
    const answers = order.lines.map((line) => JSON.parse(line) as Answer);
    return this.#judge(programs, answers);
  }

  #judge(programs: readonly Program[], answers: readonly Answer[]): Passed {
    const coverage = new ClauseCounts();
    let operations = 0;
    for (const [index, program] of programs.entries()) {
      const answer = answers[index];
      if (answer === undefined || !this.#passes(program, answer, coverage)) {
        // It has been counted in part, and will be counted by whoever looks into it.
        return this.#judge(programs.slice(0, index), answers);
      }
      operations += program.ops.length;
    }
    return { programs: programs.length, operations, clauses: coverage.counts };
  }

  #passes(program: Program, answer: Answer, coverage: ClauseCounts): boolean {
    const { surroundings, levels } = this.#work;
    const { contract, kernel } = surroundings;
    if (answer.result !== 'observed' || misfit(program, answer, { levels }) !== undefined) return false;
    return lockstep.judge(program, [answer], { contract, kernel, levels, coverage }) === undefined;
  }
}
