import type { Program } from '../../spec/program.ts';
import type { Reply } from './batch.ts';
import type { Instance } from './instance.ts';
import type { Property } from '../property.ts';
import { type Lot, lotOf, type Maker } from './lot.ts';

/** Batches under way for each instance: enough that it never waits for the next one. */
const DEPTH = 3;

/** A batch that was sent to one instance. */
export interface Batch {
  readonly instance: Instance;
  readonly lot: Lot;
  readonly reply: Promise<Reply>;
  state: 'being made' | 'under way' | 'answered' | 'ended';
}

/**
 * The batches under way on all instances of a target. They are taken in the order in which they were sent, whichever
 * instance is faster, so that what a run finds does not depend on how many instances it had.
 */
export class Queue {
  readonly #instances: readonly Instance[];
  readonly #property: Property;
  readonly #room: number;
  #batches: Batch[] = [];
  #isDropped = false;
  /** Instances to which nothing is sent for now. */
  readonly #held = new Map<Instance, PromiseWithResolvers<undefined>>();

  /** @param ahead - lots that are being made by others besides */
  constructor(instances: readonly Instance[], property: Property, ahead = 0) {
    this.#instances = instances;
    this.#property = property;
    this.#room = DEPTH * instances.length + ahead;
  }

  /** Whether there may be one more: what was answered and not taken yet counts, so that memory stays flat. */
  get hasRoom(): boolean {
    return this.#batches.length < this.#room;
  }

  /** Sends a batch to the instance that has the least to do. */
  send(lot: Lot): void {
    const instance = this.#instances.reduce((best, other) => (this.#loadOf(other) < this.#loadOf(best) ? other : best));
    this.#batches.push(this.#launch(instance, lot));
  }

  /** Takes the batch that was sent first. */
  take(): Batch | undefined {
    const batch = this.#batches.shift();
    // What is held waits for those before it; nothing is before this one.
    if (batch?.state === 'being made') this.#release(batch.instance);
    return batch;
  }

  /** Sends nothing more to this instance until `resend`, not even what is being made for it. */
  hold(instance: Instance): void {
    if (!this.#held.has(instance)) this.#held.set(instance, Promise.withResolvers());
  }

  /** The instance's session is gone: what was left of the batch taken last, and what was behind it there, is sent again. */
  resend(instance: Instance, rest: readonly Program[]): void {
    const first = rest.length > 0 ? [this.#launch(instance, lotOf(rest))] : [];
    const others = this.#batches.map((batch) => {
      // What is being made has not been sent yet. Who has made the others may have judged them, and does that once.
      return batch.instance === instance && batch.state !== 'being made'
        ? this.#launch(instance, lotOf(batch.lot.programs))
        : batch;
    });
    this.#batches = [...first, ...others];
    this.#release(instance);
  }

  /** Ends the instances that have something to do; resolves when none has. */
  async drop(): Promise<void> {
    this.#isDropped = true;
    for (const instance of [...this.#held.keys()]) this.#release(instance);
    for (const { instance } of this.#batches) instance.reset();
    await Promise.allSettled(this.#batches.map(({ reply }) => reply));
    this.#batches = [];
  }

  /** Programs that it has not answered yet. One whose session has ended waits for `resend`. */
  #loadOf(instance: Instance): number {
    let load = 0;
    for (const { instance: where, state, lot } of this.#batches) {
      if (where === instance && state !== 'answered') load += state === 'ended' ? Infinity : lot.size;
    }
    return load;
  }

  #launch(instance: Instance, lot: Lot): Batch {
    const batch: Batch =
      lot.maker === undefined
        ? { instance, lot, reply: instance.ask(this.#property, lot.programs), state: 'under way' }
        : {
            instance,
            lot,
            reply: this.#askMaker(instance, lot.maker, lot.size, () => (batch.state = 'under way')),
            state: 'being made',
          };
    batch.reply.then(
      ({ ended }) => {
        batch.state = ended === undefined ? 'answered' : 'ended';
        // Until it is taken and looked into, no other session is begun there; one that was sent again already matters no more.
        if (ended !== undefined && this.#batches.includes(batch)) this.hold(instance);
      },
      // Whoever takes the batch sees why it was not answered; until then that must not be called unhandled.
      () => {
        batch.state = 'ended';
      },
    );
    return batch;
  }

  async #askMaker(instance: Instance, maker: Maker, size: number, onSent: () => void): Promise<Reply> {
    const text = await maker.text;
    for (let held = this.#held.get(instance); held !== undefined; held = this.#held.get(instance)) await held.promise;
    if (this.#isDropped) throw new Error('queue: this lot is not wanted any more');
    onSent();
    return instance.askText(text, size, maker);
  }

  #release(instance: Instance): void {
    this.#held.get(instance)?.resolve(undefined);
    this.#held.delete(instance);
  }
}
