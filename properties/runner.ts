import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import { describeOperation } from '../spec/program.ts';
import type { Campaign, CampaignProgress } from './campaign-types.ts';
import type { Coverage } from './check.ts';
import { type Judged, judgeBatch, type Lane } from './lane.ts';
import type { Property } from './property.ts';
import { disagreementOf, repeats, shrink, signature } from './shrink.ts';
import { Tally } from './tally.ts';
import { encodeToken } from './token.ts';

/** Programs in a batch, and batches under way: enough that the target never waits for the next one. */
const BATCH = 32;
const DEPTH = 3;

/** A property stops after so many different failures, or so many failing programs: more would say nothing new. */
const DIFFERENT_FAILURES = 3;
const FAILING_PROGRAMS = 12;

/** A target that ends this often for no reason that repeats is given up. */
const RESTARTS = 5;

/** Runs of a shrunk program on fresh targets that tell `fail` from `flaky`. */
const CONFIRMATIONS = 3;

/** Problems written out in full; the rest are only counted. */
const TROUBLES_WRITTEN = 20;

/** Between two progress reports, in milliseconds. */
const PROGRESS_MS = 200;

interface Flight {
  readonly programs: readonly Program[];
  readonly judged: Promise<Judged[]>;
}

/** Runs one property over many programs, batches in flight, and follows up what fails. */
export class Runner {
  readonly #campaign: Campaign;
  readonly #lane: Lane;
  readonly #property: Property;
  readonly #coverage: Coverage;
  readonly #tally = new Tally();
  readonly #signatures = new Set<string>();
  readonly #requeued: Program[] = [];
  #failures = 0;
  #restarts = 0;
  #reported = 0;
  #next = 0;

  constructor(campaign: Campaign, lane: Lane, property: Property, coverage: Coverage) {
    this.#campaign = campaign;
    this.#lane = lane;
    this.#property = property;
    this.#coverage = coverage;
  }

  /** Checks `planned` programs (Infinity: until the campaign's time is up) and writes the result. */
  async run(program: (index: number) => Program | undefined, planned: number): Promise<void> {
    const { timeMs } = this.#campaign;
    const deadline = Number.isFinite(planned) ? Infinity : performance.now() + (timeMs ?? 0);
    this.#progress('starting', planned);
    const flights: Flight[] = [];
    let complete = true;
    try {
      while (!this.#campaign.signal.aborted) {
        while (flights.length < DEPTH && performance.now() < deadline) {
          const programs = this.#take(program, planned);
          if (programs.length === 0) break;
          flights.push(await this.#launch(programs));
        }
        const flight = flights.shift();
        if (flight === undefined) break;
        const judged = await flight.judged;
        const clean = await this.#settle(flight.programs, judged, planned);
        if (!clean) {
          // The session is gone or dirty: whatever was behind on it runs again on a fresh one.
          for (const { programs, judged: rest } of flights.splice(0)) {
            await rest;
            this.#requeued.push(...programs);
          }
          if (this.#isHopeless()) {
            complete = this.#tally.verdicts.fail > 0;
            break;
          }
        }
        this.#progress('checking', planned);
      }
    } finally {
      await Promise.allSettled(flights.map(({ judged }) => judged));
    }
    if (this.#campaign.signal.aborted) complete = false;
    const { target, contract, write } = this.#campaign;
    write(this.#tally.entry({ target: target.name, contract: contract.name, property: this.#property.name }, complete));
    this.#progress('done', planned, true);
  }

  #take(program: (index: number) => Program | undefined, planned: number): Program[] {
    const programs = this.#requeued.splice(0, BATCH);
    while (programs.length < BATCH && this.#next < planned) {
      const next = program(this.#next++);
      if (next !== undefined) programs.push(next);
    }
    return programs;
  }

  async #launch(programs: readonly Program[]): Promise<Flight> {
    const session = await this.#lane.session();
    const judged = judgeBatch(session, this.#property, programs, { coverage: this.#coverage });
    judged.catch(() => {
      // Whoever takes the flight sees the rejection; this only keeps it from being called unhandled until then.
    });
    return { programs, judged };
  }

  #isHopeless(): boolean {
    return (
      this.#signatures.size >= DIFFERENT_FAILURES || this.#failures >= FAILING_PROGRAMS || this.#restarts > RESTARTS
    );
  }

  /** Counts what came of a batch. Returns whether the session can go on. */
  async #settle(programs: readonly Program[], judged: readonly Judged[], planned: number): Promise<boolean> {
    for (const [index, program] of programs.entries()) {
      const result = judged[index];
      if (result === undefined) {
        this.#requeued.push(...programs.slice(index));
        return false;
      }
      switch (result.kind) {
        case 'pass':
          this.#tally.add('pass', result.operations);
          if (this.#property.repeat !== undefined) this.#coverage.add('HEALTH-02');
          break;
        case 'skipped':
        case 'errored':
          this.#tally.add(result.kind);
          this.#trouble(result.kind, result.message, program);
          break;
        case 'fail':
          this.#requeued.push(...programs.slice(index + 1));
          await this.#followUp(program, result.disagreement, planned);
          return false;
        case 'ended':
          this.#requeued.push(...programs.slice(index + 1));
          await this.#followEnd(program, result, planned);
          return false;
      }
    }
    return true;
  }

  /** The target ended under this program: if it does so again alone, the program is to blame. */
  async #followEnd(program: Program, ended: Extract<Judged, { kind: 'ended' }>, planned: number): Promise<void> {
    this.#lane.reset();
    if (this.#campaign.signal.aborted) return;
    this.#restarts++;
    const [again] = await this.#lane.judge(this.#property, [program], { coverage: this.#coverage });
    const disagreement = disagreementOf(again, program);
    if (disagreement !== undefined) {
      await this.#followUp(program, disagreement, planned);
      return;
    }
    const { message, console } = ended.error;
    const tail = console === '' ? '' : `\nIts last lines:\n${console}`;
    this.#trouble(
      'errored',
      `The target ended and was started again; the program then passed. ${message}${tail}`,
      program,
    );
    this.#tally.add('errored');
  }

  /** A failing program: confirmed, shrunk if it is new, confirmed again, and written. */
  async #followUp(program: Program, first: Disagreement, planned: number): Promise<void> {
    this.#failures++;
    const wanted = signature(first);
    if (this.#signatures.has(wanted)) {
      this.#tally.add('fail');
      this.#lane.reset();
      return;
    }
    this.#progress('shrinking', planned, true);
    const { signal, shrinkMs } = this.#campaign;
    const shrunk = await shrink(this.#lane, this.#property, { program, disagreement: first }, shrinkMs, signal);
    const failed = await repeats(this.#lane, this.#property, shrunk.program, wanted, CONFIRMATIONS);
    this.#lane.reset();
    const verdict = failed === CONFIRMATIONS ? 'fail' : 'flaky';
    this.#tally.add(verdict);
    // A failure that did not repeat must not hide one of the same kind that does.
    if (verdict === 'fail') this.#signatures.add(wanted);
    const { target, contract, write } = this.#campaign;
    const property = this.#property.name;
    write({
      type: 'counterexample',
      target: target.name,
      contract: contract.name,
      property,
      verdict,
      token: encodeToken({ contract: contract.name, property, program: shrunk.program }),
      disagreement: shrunk.disagreement,
      program: shrunk.program,
      shrunkFrom: program.ops.length,
      candidates: shrunk.candidates,
      shrinkMs: Math.round(shrunk.durationMs),
      text: shrunk.program.ops.map(describeOperation),
    });
  }

  #trouble(verdict: 'skipped' | 'errored', message: string, program: Program): void {
    if (this.#tally.verdicts.skipped + this.#tally.verdicts.errored > TROUBLES_WRITTEN) return;
    const { target, contract, write } = this.#campaign;
    const where = { target: target.name, contract: contract.name, property: this.#property.name };
    write({ type: 'trouble', ...where, verdict, message, program });
  }

  #progress(stage: CampaignProgress['stage'], planned: number, now = false): void {
    if (!now && performance.now() - this.#reported < PROGRESS_MS) return;
    this.#reported = performance.now();
    this.#campaign.onProgress({
      property: this.#property.name,
      stage,
      programs: this.#tally.programs,
      ...(Number.isFinite(planned) && { planned }),
      operations: this.#tally.operations,
      perSecond: this.#tally.perSecond,
      failures: this.#failures,
    });
  }
}
