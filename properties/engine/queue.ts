import type { Program } from '../../spec/program.ts';
import type { Reply } from './batch.ts';
import type { Lane } from './instance.ts';
import type { Property } from '../property.ts';
import { type Lot, lotOf, type Maker } from './lot.ts';

/** Batches under way for each instance: enough that it never waits for the next one. */
const DEPTH = 3;

/** A batch that was sent to one instance. */
export interface Flight {
  readonly lane: Lane;
  readonly lot: Lot;
  readonly reply: Promise<Reply>;
  state: 'being made' | 'under way' | 'answered' | 'ended';
}

/**
 * The batches under way on all instances of a target. They are taken in the order in which they were sent, whichever
 * instance is faster, so that what a run finds does not depend on how many instances it had.
 */
export class Flights {
  readonly #lanes: readonly Lane[];
  readonly #property: Property;
  readonly #room: number;
  #flights: Flight[] = [];
  #isDropped = false;
  /** Instances to which nothing is sent for now. */
  readonly #held = new Map<Lane, PromiseWithResolvers<undefined>>();

  /** @param ahead - lots that are being made by others besides */
  constructor(lanes: readonly Lane[], property: Property, ahead = 0) {
    this.#lanes = lanes;
    this.#property = property;
    this.#room = DEPTH * lanes.length + ahead;
  }

  /** Whether there may be one more: what was answered and not taken yet counts, so that memory stays flat. */
  get hasRoom(): boolean {
    return this.#flights.length < this.#room;
  }

  /** Sends a batch to the instance that has the least to do. */
  send(lot: Lot): void {
    const lane = this.#lanes.reduce((best, other) => (this.#loadOf(other) < this.#loadOf(best) ? other : best));
    this.#flights.push(this.#launch(lane, lot));
  }

  /** Takes the batch that was sent first. */
  take(): Flight | undefined {
    const flight = this.#flights.shift();
    // What is held waits for those before it; nothing is before this one.
    if (flight?.state === 'being made') this.#release(flight.lane);
    return flight;
  }

  /** Sends nothing more to this instance until `resend`, not even what is being made for it. */
  hold(lane: Lane): void {
    if (!this.#held.has(lane)) this.#held.set(lane, Promise.withResolvers());
  }

  /** The lane's session is gone: what was left of the batch taken last, and what was behind it there, is sent again. */
  resend(lane: Lane, rest: readonly Program[]): void {
    const first = rest.length > 0 ? [this.#launch(lane, lotOf(rest))] : [];
    const others = this.#flights.map((flight) => {
      // What is being made has not been sent yet. Who has made the others may have judged them, and does that once.
      return flight.lane === lane && flight.state !== 'being made'
        ? this.#launch(lane, lotOf(flight.lot.programs))
        : flight;
    });
    this.#flights = [...first, ...others];
    this.#release(lane);
  }

  /** Ends the instances that have something to do; resolves when none has. */
  async drop(): Promise<void> {
    this.#isDropped = true;
    for (const lane of [...this.#held.keys()]) this.#release(lane);
    for (const { lane } of this.#flights) lane.reset();
    await Promise.allSettled(this.#flights.map(({ reply }) => reply));
    this.#flights = [];
  }

  /** Programs that it has not answered yet. One whose session has ended waits for `resend`. */
  #loadOf(lane: Lane): number {
    let load = 0;
    for (const { lane: where, state, lot } of this.#flights) {
      if (where === lane && state !== 'answered') load += state === 'ended' ? Infinity : lot.size;
    }
    return load;
  }

  #launch(lane: Lane, lot: Lot): Flight {
    const flight: Flight =
      lot.maker === undefined
        ? { lane, lot, reply: lane.ask(this.#property, lot.programs), state: 'under way' }
        : {
            lane,
            lot,
            reply: this.#askMaker(lane, lot.maker, lot.size, () => (flight.state = 'under way')),
            state: 'being made',
          };
    flight.reply.then(
      ({ ended }) => {
        flight.state = ended === undefined ? 'answered' : 'ended';
        // Until it is taken and looked into, no other session is begun there; one that was sent again already matters no more.
        if (ended !== undefined && this.#flights.includes(flight)) this.hold(lane);
      },
      // Whoever takes the flight sees why it was not answered; until then that must not be called unhandled.
      () => {
        flight.state = 'ended';
      },
    );
    return flight;
  }

  async #askMaker(lane: Lane, maker: Maker, size: number, onSent: () => void): Promise<Reply> {
    const text = await maker.text;
    for (let held = this.#held.get(lane); held !== undefined; held = this.#held.get(lane)) await held.promise;
    if (this.#isDropped) throw new Error('queue: this lot is not wanted any more');
    onSent();
    return lane.askText(text, size, maker);
  }

  #release(lane: Lane): void {
    this.#held.get(lane)?.resolve(undefined);
    this.#held.delete(lane);
  }
}
