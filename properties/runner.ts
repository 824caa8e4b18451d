import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import { describeOperation } from '../spec/program.ts';
import { type Judged, judgeReply } from './batch.ts';
import type { Campaign, CampaignProgress } from './campaign-types.ts';
import type { Coverage } from './check.ts';
import { type Flight, Flights } from './flights.ts';
import type { Lane } from './lane.ts';
import type { Property } from './property.ts';
import { disagreementOf, repeats, shrink, signature } from './shrink.ts';
import type { Source } from './source.ts';
import { Tally } from './tally.ts';
import { encodeToken } from './token.ts';

/** Programs in a batch at most: enough that the round trip costs nothing. */
const BATCH = 32;

/** A property stops after so many different failures, or so many failing programs: more would say nothing new. */
const DIFFERENT_FAILURES = 3;
const FAILING_PROGRAMS = 12;

/** A target that ends this often for no reason that repeats is given up. */
const RESTARTS = 5;

/** Runs of a shrunk program on fresh targets that tell `fail` from `flaky`. */
const CONFIRMATIONS = 3;

/** Problems written out in full; the rest are only counted. */
const TROUBLES_WRITTEN = 20;

/** How far a run goes; without either, as far as its source. */
interface RunPlan {
  /** Programs of the source, where their number is known. */
  readonly planned?: number;
  /** Milliseconds after which no more programs are begun. */
  readonly timeMs?: number;
}

/** Between two progress reports, in milliseconds. */
const PROGRESS_MS = 200;

/**
 * Runs one property over many programs on all instances of a target at once, and follows up what fails. It does that on the
 * instance that failed and one failure at a time: the others finish what they have, and wait.
 */
export class Runner {
  readonly #campaign: Campaign;
  readonly #lanes: readonly Lane[];
  readonly #property: Property;
  readonly #coverage: Coverage;
  readonly #tally = new Tally();
  readonly #signatures = new Set<string>();
  #failures = 0;
  #restarts = 0;
  #reported = 0;
  #taken = 0;

  constructor(campaign: Campaign, lanes: readonly Lane[], property: Property, coverage: Coverage) {
    this.#campaign = campaign;
    this.#lanes = lanes;
    this.#property = property;
    this.#coverage = coverage;
  }

  /** Checks the programs of a source, until it has no more or the time is up, and writes the result. */
  async run(source: Source, { planned = Infinity, timeMs = Infinity }: RunPlan = {}): Promise<void> {
    const { target, contract, signal, write } = this.#campaign;
    const deadline = performance.now() + timeMs;
    this.#progress('starting', planned);
    const flights = new Flights(this.#lanes, this.#property);
    let complete = true;
    try {
      while (!signal.aborted) {
        while (flights.hasRoom && performance.now() < deadline) {
          const programs = this.#batch(source, planned);
          if (programs.length === 0) break;
          flights.send(programs);
        }
        const flight = flights.take();
        if (flight === undefined) break;
        const rest = await this.#settle(flight, source, planned);
        if (rest !== undefined) {
          if (this.#isHopeless()) {
            complete = this.#tally.verdicts.fail > 0;
            break;
          }
          flights.resend(flight.lane, rest);
        }
        this.#progress('checking', planned);
      }
    } catch (error) {
      // An instance that was not started, or a failure not followed up, because the run is over.
      if (!signal.aborted) throw error;
    } finally {
      await flights.drop();
    }
    if (signal.aborted) complete = false;
    write(this.#tally.entry({ target: target.name, contract: contract.name, property: this.#property.name }, complete));
    this.#progress('done', planned, true);
  }

  /** The next programs; fewer near the end, so that all instances are done at about the same time. */
  #batch(source: Source, planned: number): Program[] {
    const size = Math.min(BATCH, Math.ceil((planned - this.#taken) / this.#lanes.length));
    const programs: Program[] = [];
    while (programs.length < size) {
      const next = source.next();
      if (next === undefined) break;
      programs.push(next);
    }
    this.#taken += programs.length;
    return programs;
  }

  #isHopeless(): boolean {
    return (
      this.#signatures.size >= DIFFERENT_FAILURES || this.#failures >= FAILING_PROGRAMS || this.#restarts > RESTARTS
    );
  }

  /** Counts what came of a batch. Yields what has to run again if the session cannot go on. */
  async #settle(
    { lane, programs, reply }: Flight,
    source: Source,
    planned: number,
  ): Promise<readonly Program[] | undefined> {
    let settled = 0;
    for (const result of judgeReply(await reply, this.#property, programs, this.#coverage)) {
      const program = programs[settled++];
      if (program === undefined) break;
      switch (result.kind) {
        case 'pass':
          this.#tally.add('pass', result.operations);
          source.learn?.(program, result.answers);
          if (this.#property.repeat !== undefined) this.#coverage.add('HEALTH-02');
          break;
        case 'skipped':
        case 'errored':
          this.#tally.add(result.kind);
          this.#trouble(result.kind, result.message, program);
          break;
        case 'fail':
          await this.#followUp(lane, program, result.disagreement, planned);
          return programs.slice(settled);
        case 'ended':
          await this.#followEnd(lane, program, result, planned);
          return programs.slice(settled);
      }
    }
    return undefined;
  }

  /** The target ended under this program: if it does so again alone, the program is to blame. */
  async #followEnd(
    lane: Lane,
    program: Program,
    ended: Extract<Judged, { kind: 'ended' }>,
    planned: number,
  ): Promise<void> {
    lane.reset();
    if (this.#campaign.signal.aborted) return;
    this.#restarts++;
    const [again] = await lane.judge(this.#property, [program], this.#coverage);
    const disagreement = disagreementOf(again, program);
    if (disagreement !== undefined) {
      await this.#followUp(lane, program, disagreement, planned);
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
  async #followUp(lane: Lane, program: Program, first: Disagreement, planned: number): Promise<void> {
    this.#failures++;
    const wanted = signature(first);
    if (this.#signatures.has(wanted)) {
      this.#tally.add('fail');
      lane.reset();
      return;
    }
    this.#progress('shrinking', planned, true);
    const { signal, shrinkMs } = this.#campaign;
    const shrunk = await shrink(lane, this.#property, { program, disagreement: first }, shrinkMs, signal);
    const failed = await repeats(lane, this.#property, shrunk.program, wanted, CONFIRMATIONS);
    lane.reset();
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
