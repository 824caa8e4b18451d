import { ConformanceError, describeError } from '../spec/errors.ts';
import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import { describeOperation } from '../spec/program.ts';
import { delivers } from './answer-fit.ts';
import { type Judged, judgeReply, type Reply } from './batch.ts';
import type { Campaign, CampaignProgress } from './campaign-types.ts';
import type { Coverage } from './check.ts';
import { type Flight, Flights } from './flights.ts';
import type { Lane } from './lane.ts';
import type { Property } from './property.ts';
import { disagreementOf, endedMessage, repeats, shrink, signature } from './shrink.ts';
import type { Source } from './source.ts';
import { Tally } from './tally.ts';
import { encodeToken } from './token.ts';

/** Programs in a batch at most: enough that the round trip costs nothing. */
const BATCH = 32;

/** A property stops after so many different failures, or so many failing programs: more would say nothing new. */
const DIFFERENT_FAILURES = 3;
const FAILING_PROGRAMS = 12;

/** A target that ends this often for no reason that repeats is given up, or this often in a row without an answer. */
const RESTARTS = 5;
const BARREN_STARTS = 3;

/** Answers without any observation on a level after which it is taken for one that the target does not have. */
const ANSWERS_WITHOUT = 8;

/** Characters of what a target says that are kept. */
const MESSAGE_LENGTH = 8000;

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
  /** Starts in a row after which no program was answered. */
  #barren = 0;
  /** Why the target was given up. */
  #givenUp: string | undefined;
  readonly #delivered = new Set<string>();
  #reported = 0;
  #taken = 0;

  constructor(campaign: Campaign, lanes: readonly Lane[], property: Property, coverage: Coverage) {
    this.#campaign = campaign;
    this.#lanes = lanes;
    this.#property = property;
    this.#coverage = coverage;
  }

  /**
   * Checks the programs of a source, until it has no more or the time is up, and writes the result.
   *
   * @returns why the target was given up, so that there is no use in going on with it; undefined if it was not
   */
  async run(source: Source, { planned = Infinity, timeMs = Infinity }: RunPlan = {}): Promise<string | undefined> {
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
          if (this.#isHopeless() || this.#givenUp !== undefined) {
            complete = this.#tally.verdicts.fail > 0;
            break;
          }
          flights.resend(flight.lane, rest);
        }
        this.#progress('checking', planned);
      }
    } catch (error) {
      // An instance that was not started, or a failure not followed up, because the run is over.
      if (!signal.aborted) this.#giveUp(error);
    } finally {
      await flights.drop();
    }
    if (signal.aborted) complete = false;
    const where = { target: target.name, contract: contract.name, property: this.#property.name };
    const message = this.#givenUp?.split('\n')[0];
    write({ ...this.#tally.entry(where, complete), ...(message !== undefined && { message }) });
    this.#progress('done', planned, true);
    return this.#givenUp;
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
    return this.#signatures.size >= DIFFERENT_FAILURES || this.#failures >= FAILING_PROGRAMS;
  }

  /** Counts what came of a batch. Yields what has to run again if the session cannot go on. */
  async #settle(
    { lane, programs, reply }: Flight,
    source: Source,
    planned: number,
  ): Promise<readonly Program[] | undefined> {
    let settled = 0;
    const answered = await reply;
    for (const result of judgeReply(answered, this.#property, programs, this.#coverage)) {
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
          if (this.#lacks(result.disagreement.level, answered)) {
            this.#trouble('errored', this.#givenUp ?? '', program);
            this.#tally.add('errored');
            lane.reset();
            return programs.slice(settled);
          }
          await this.#followUp(lane, program, result.disagreement, planned);
          return programs.slice(settled);
        case 'ended':
          await this.#followEnd(lane, program, result, answered.session.answered, planned);
          return programs.slice(settled);
      }
    }
    return undefined;
  }

  /**
   * Whether a target claims a level that it does not have: it disagrees on it, and none of its answers has anything there. It is
   * given up then.
   */
  #lacks(level: Disagreement['level'], { answers, session }: Reply): boolean {
    if ((level !== 'frames' && level !== 'callbacks') || this.#campaign.target.ownsKernel === true) return false;
    if (this.#delivered.has(level)) return false;
    if (delivers(level, answers.flat())) {
      this.#delivered.add(level);
      return false;
    }
    if (session.answered < ANSWERS_WITHOUT) return false;
    this.#givenUp = `The target claims the level \`${level}\`, but none of its ${String(session.answered)} answers has \`${level}\`: it has to observe it, or the level must not stand in \`started\`.`;
    return true;
  }

  /** The target ended under this program: if it does so again alone, the program is to blame. */
  async #followEnd(
    lane: Lane,
    program: Program,
    ended: Extract<Judged, { kind: 'ended' }>,
    answered: number,
    planned: number,
  ): Promise<void> {
    lane.reset();
    if (this.#campaign.signal.aborted) return;
    this.#restarts++;
    this.#barren = answered > 0 ? 0 : this.#barren + 1;
    let last = ended;
    let outcome = 'it was started again, and the program then passed';
    if (this.#barren < BARREN_STARTS) {
      const [again] = await lane.judge(this.#property, [program], this.#coverage);
      const disagreement = disagreementOf(again, program);
      if (disagreement !== undefined) {
        await this.#followUp(lane, program, disagreement, planned);
        return;
      }
      if (again?.kind === 'ended') {
        this.#restarts++;
        this.#barren++;
        last = again;
        outcome = 'it was started again, and it came to the same in the same program, run alone';
      } else {
        this.#barren = 0;
        if (again !== undefined && again.kind !== 'pass')
          outcome = `it was started again, and the program was then ${again.kind}`;
      }
    } else {
      outcome = 'it had just been started';
    }
    const what = endedMessage(last.error);
    const { first, rest } = cutFirstLine(what);
    this.#trouble('errored', `${first} That was while it had a program to run; ${outcome}.${rest}`, program);
    this.#tally.add('errored');
    if (this.#barren >= BARREN_STARTS) {
      this.#givenUp = `The target was given up: it was started ${String(this.#barren)} times in a row without answering a program. ${what}`;
    } else if (this.#restarts > RESTARTS) {
      this.#givenUp = `The target was given up: it ended ${String(this.#restarts)} times. ${what}`;
    }
  }

  /** It cannot even be started again. */
  #giveUp(error: unknown): void {
    if (!(error instanceof ConformanceError) || error.kind !== 'target') throw error;
    this.#givenUp = describeError(error);
    this.#trouble('errored', this.#givenUp);
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

  #trouble(verdict: 'skipped' | 'errored', message: string, program?: Program): void {
    if (this.#tally.verdicts.skipped + this.#tally.verdicts.errored > TROUBLES_WRITTEN) return;
    const { target, contract, write } = this.#campaign;
    const where = { target: target.name, contract: contract.name, property: this.#property.name };
    const text = message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message;
    write({ type: 'trouble', ...where, verdict, message: text, ...(program && { program }) });
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

function cutFirstLine(text: string): { first: string; rest: string } {
  const end = text.indexOf('\n');
  return end === -1 ? { first: text, rest: '' } : { first: text.slice(0, end), rest: text.slice(end) };
}
