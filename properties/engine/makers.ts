import { getCompileCacheDir } from 'node:module';
import { dirname, extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Level } from '../../spec/observation.ts';
import type { Program } from '../../spec/program.ts';
import type { Surroundings } from '../generate/program.ts';
import type { Lot, Maker, Passed } from './lot.ts';

/** What the programs are made of, by number, and which levels of the answers are compared. */
export interface Work {
  readonly surroundings: Surroundings;
  readonly seed: number;
  readonly levels: readonly Level[];
  /** Where compiled sources are kept, if they are. */
  readonly compiled: string | undefined;
}

/** What a thread is asked for. A lot is known by the number of its first program. */
export type Order =
  | { readonly what: 'make'; readonly first: number; readonly size: number }
  | { readonly what: 'judge'; readonly first: number; readonly lines: readonly string[] };

/** What it answers to each, in order. */
export type Delivery = string | Passed;

interface Waiting {
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Threads that make the programs of `lockstep` and judge what is answered to them, so that this one has little to do but to talk to
 * the target. Lots go to them in turn. What they find is what this thread would find.
 */
export class Makers {
  readonly #threads: readonly Thread[];
  readonly #program: (index: number) => Program;
  #turn = 0;

  /** @param program - makes a program once more on this thread */
  constructor(count: number, work: Omit<Work, 'compiled'>, program: (index: number) => Program) {
    this.#threads = Array.from({ length: count }, () => new Thread(work));
    this.#program = program;
  }

  /** How many threads there are. */
  get count(): number {
    return this.#threads.length;
  }

  /** Has the programs from this number on made. */
  make(first: number, size: number): Lot {
    const thread = this.#threads[this.#turn++ % this.#threads.length];
    if (thread === undefined) throw new Error('makers: there are none');
    return new MadeLot(first, size, thread, this.#program);
  }

  /** Ends all threads, whatever they are about. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

class MadeLot implements Lot {
  readonly size: number;
  readonly maker: Maker;
  readonly #first: number;
  readonly #program: (index: number) => Program;
  #programs: readonly Program[] | undefined;

  constructor(first: number, size: number, thread: Thread, program: (index: number) => Program) {
    this.size = size;
    this.#first = first;
    this.#program = program;
    this.maker = {
      text: thread.ask({ what: 'make', first, size }) as Promise<string>,
      judge: (lines) => thread.ask({ what: 'judge', first, lines }) as Promise<Passed>,
    };
  }

  get programs(): readonly Program[] {
    this.#programs ??= Array.from({ length: this.size }, (_, index) => this.#program(this.#first + index));
    return this.#programs;
  }
}

/** One thread, which answers what it is asked in order. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #broken: unknown;

  constructor(work: Omit<Work, 'compiled'>) {
    const cache = getCompileCacheDir();
    const compiled = cache === undefined ? undefined : dirname(cache);
    const script = new URL(`./maker${extname(import.meta.filename)}`, import.meta.url);
    this.#worker = new Worker(script, { workerData: { ...work, compiled } satisfies Work, execArgv: [] });
    this.#worker.on('message', (delivery: Delivery) => this.#waiting.shift()?.resolve(delivery));
    this.#worker.on('error', (error) => this.#break(error));
    this.#worker.on('exit', () => this.#break(new Error('makers: a thread has ended')));
  }

  ask(order: Order): Promise<Delivery> {
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    // Whoever needs it sees why there is none; until then that must not be called unhandled.
    promise.catch(() => undefined);
    if (this.#broken !== undefined) {
      reject(this.#broken);
      return promise;
    }
    this.#waiting.push({ resolve, reject });
    this.#worker.postMessage(order);
    return promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #break(reason: unknown): void {
    this.#broken ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#broken);
  }
}
