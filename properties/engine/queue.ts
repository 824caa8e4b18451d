import type { Program } from '../../spec/program.ts';
import type { Reply } from './batch.ts';
import type { Instance } from './instance.ts';
import type { Property } from '../property.ts';

/** Batches under way for each instance: enough that it never waits for the next one. */
const DEPTH = 3;

/** A batch that was sent to one instance. */
export interface Batch {
  readonly instance: Instance;
  readonly programs: readonly Program[];
  readonly reply: Promise<Reply>;
  state: 'under way' | 'answered' | 'ended';
}

/**
 * The batches under way on all instances of a target. They are taken in the order in which they were sent, whichever
 * instance is faster, so that what a run finds does not depend on how many instances it had.
 */
export class Queue {
  readonly #instances: readonly Instance[];
  readonly #property: Property;
  #batches: Batch[] = [];

  constructor(instances: readonly Instance[], property: Property) {
    this.#instances = instances;
    this.#property = property;
  }

  /** Whether there may be one more: what was answered and not taken yet counts, so that memory stays flat. */
  get hasRoom(): boolean {
    return this.#batches.length < DEPTH * this.#instances.length;
  }

  /** Sends a batch to the instance that has the least to do. */
  send(programs: readonly Program[]): void {
    const instance = this.#instances.reduce((best, other) => (this.#loadOf(other) < this.#loadOf(best) ? other : best));
    this.#batches.push(this.#launch(instance, programs));
  }

  /** Takes the batch that was sent first. */
  take(): Batch | undefined {
    return this.#batches.shift();
  }

  /** The instance's session is gone: what was left of the batch taken last, and what was behind it there, is sent again. */
  resend(instance: Instance, rest: readonly Program[]): void {
    const first = rest.length > 0 ? [this.#launch(instance, rest)] : [];
    const others = this.#batches.map((batch) =>
      batch.instance === instance ? this.#launch(instance, batch.programs) : batch,
    );
    this.#batches = [...first, ...others];
  }

  /** Ends the instances that have something to do; resolves when none has. */
  async drop(): Promise<void> {
    for (const { instance } of this.#batches) instance.reset();
    await Promise.allSettled(this.#batches.map(({ reply }) => reply));
    this.#batches = [];
  }

  /** Programs that it has not answered yet. One whose session has ended waits for `resend`. */
  #loadOf(instance: Instance): number {
    let load = 0;
    for (const { instance: where, state, programs } of this.#batches) {
      if (where === instance && state !== 'answered') load += state === 'ended' ? Infinity : programs.length;
    }
    return load;
  }

  #launch(instance: Instance, programs: readonly Program[]): Batch {
    const batch: Batch = { instance, programs, reply: instance.ask(this.#property, programs), state: 'under way' };
    batch.reply.then(
      ({ ended }) => (batch.state = ended === undefined ? 'answered' : 'ended'),
      // Whoever takes the batch sees why it was not answered; until then that must not be called unhandled.
      () => (batch.state = 'ended'),
    );
    return batch;
  }
}
