import type { DriverCounting } from '../spec/ports/driver-counting.ts';
import type { Program } from '../spec/program.ts';
import type { Answer } from '../spec/protocol.ts';
import { lockstep } from './lockstep.ts';
import type { Property, Supply } from './property.ts';
import type { Source } from './source.ts';

/** As `lockstep`, with programs that go where the driver has not been yet. */
export const exploration: Property = {
  ...lockstep,
  name: 'exploration',
  text: 'Every operation yields what the model yields, in programs that go on where others reached something new.',
  share: 20,
  lacks: (started) =>
    started.counters === true ? undefined : 'the target does not count what is reached of the driver',
  source: (supply) => new Exploration(supply),
};

/** Programs that are gone on with at most, the latest ones; and how long they may be, so that something can follow. */
const POOL = 64;
const LONGEST_BEGINNING = 24;

/**
 * Generated programs, every other one of which begins with a program that reached something in the driver that none before
 * had reached. A target tells what it has counted with the last answer of a batch, so it is the programs of a batch
 * that are gone on with. With several instances of a target, which programs these are depends on who was faster.
 */
export class Exploration implements Source {
  readonly #supply: Supply;
  readonly #counting: DriverCounting | undefined;
  readonly #reached = new Map<string, Set<number>>();
  readonly #pool: Program[] = [];
  #batch: Program[] = [];
  #index = 0;

  constructor(supply: Supply) {
    this.#supply = supply;
    this.#counting = supply.counting;
  }

  next(): Program | undefined {
    const index = this.#index++;
    if (index >= this.#supply.count) return undefined;
    const onto = index % 2 === 0 ? undefined : this.#pool[(index >> 1) % this.#pool.length];
    return this.#supply.program(index, onto);
  }

  learn(program: Program, answers: readonly Answer[], passed: boolean): void {
    // What goes on after a failure fails, too.
    if (!passed) return;
    if (program.ops.length <= LONGEST_BEGINNING) this.#batch.push(program);
    const counters = answers.map((answer) => answer.counters).findLast((some) => some !== undefined);
    if (counters === undefined) return;
    let news = false;
    for (const [file, data] of Object.entries(counters)) {
      const before = this.#reached.get(file) ?? new Set<number>();
      this.#reached.set(file, before);
      const size = before.size;
      for (const place of this.#counting?.reached(data) ?? []) before.add(place);
      news ||= before.size > size;
    }
    if (news) this.#pool.push(...this.#batch);
    this.#pool.splice(0, this.#pool.length - POOL);
    this.#batch = [];
  }
}
