import type { Program } from '../../spec/program.ts';
import type { Reply } from './batch.ts';
import type { Lane } from './instance.ts';
import type { Property } from '../property.ts';

/** Batches under way for each instance: enough that it never waits for the next one. */
const DEPTH = 3;

/** A batch that was sent to one instance. */
export interface Flight {
  readonly lane: Lane;
  readonly programs: readonly Program[];
  readonly reply: Promise<Reply>;
  state: 'under way' | 'answered' | 'ended';
}

/**
 * The batches under way on all instances of a target. They are taken in the order in which they were sent, whichever
 * instance is faster, so that what a run finds does not depend on how many instances it had.
 */
export class Flights {
  readonly #lanes: readonly Lane[];
  readonly #property: Property;
  #flights: Flight[] = [];

  constructor(lanes: readonly Lane[], property: Property) {
    this.#lanes = lanes;
    this.#property = property;
  }

  /** Whether there may be one more: what was answered and not taken yet counts, so that memory stays flat. */
  get hasRoom(): boolean {
    return this.#flights.length < DEPTH * this.#lanes.length;
  }

  /** Sends a batch to the instance that has the least to do. */
  send(programs: readonly Program[]): void {
    const lane = this.#lanes.reduce((best, other) => (this.#loadOf(other) < this.#loadOf(best) ? other : best));
    this.#flights.push(this.#launch(lane, programs));
  }

  /** Takes the batch that was sent first. */
  take(): Flight | undefined {
    return this.#flights.shift();
  }

  /** The lane's session is gone: what was left of the batch taken last, and what was behind it there, is sent again. */
  resend(lane: Lane, rest: readonly Program[]): void {
    const first = rest.length > 0 ? [this.#launch(lane, rest)] : [];
    const others = this.#flights.map((flight) => (flight.lane === lane ? this.#launch(lane, flight.programs) : flight));
    this.#flights = [...first, ...others];
  }

  /** Ends the instances that have something to do; resolves when none has. */
  async drop(): Promise<void> {
    for (const { lane } of this.#flights) lane.reset();
    await Promise.allSettled(this.#flights.map(({ reply }) => reply));
    this.#flights = [];
  }

  /** Programs that it has not answered yet. One whose session has ended waits for `resend`. */
  #loadOf(lane: Lane): number {
    let load = 0;
    for (const { lane: where, state, programs } of this.#flights) {
      if (where === lane && state !== 'answered') load += state === 'ended' ? Infinity : programs.length;
    }
    return load;
  }

  #launch(lane: Lane, programs: readonly Program[]): Flight {
    const flight: Flight = { lane, programs, reply: lane.ask(this.#property, programs), state: 'under way' };
    flight.reply.then(
      ({ ended }) => (flight.state = ended === undefined ? 'answered' : 'ended'),
      // Whoever takes the flight sees why it was not answered; until then that must not be called unhandled.
      () => (flight.state = 'ended'),
    );
    return flight;
  }
}
