import { ConformanceError, describeError } from '../../spec/errors.ts';
import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import { delivers } from '../judge/answer-fit.ts';
import { judgeReply, type Reply } from './batch.ts';
import type { Campaign } from './campaign-types.ts';
import type { ClauseCounts } from '../judge/compare.ts';
import { type Batch, Queue } from './queue.ts';
import { FollowUp } from './follow-up.ts';
import type { Instance } from './instance.ts';
import type { Property } from '../property.ts';
import { RunLog } from './run-log.ts';
import type { Source } from '../source.ts';

/** Programs in a batch at most: enough that the round trip costs nothing. */
const BATCH = 32;

/** Answers without any observation on a level after which it is taken for one that the target does not have. */
const ANSWERS_WITHOUT = 8;

/** How far a run goes; without either, as far as its source. */
export interface RunLimits {
  /** Programs of the source, where their number is known. */
  readonly planned?: number;
  /** Milliseconds after which no more programs are begun. */
  readonly timeMs?: number;
}

/**
 * Checks the programs of a source with one property, on all instances of a target at once, until there are no more or the time
 * is up, and writes the result. What fails is followed up on the instance that failed and one failure at a time: the others
 * finish what they have, and wait.
 *
 * @returns why the target was given up, so that there is no use in going on with it; undefined if it was not
 */
export async function runPrograms(
  campaign: Campaign,
  instances: readonly Instance[],
  property: Property,
  coverage: ClauseCounts,
  source: Source,
  plan: RunLimits = {},
): Promise<string | undefined> {
  return new Runner(campaign, instances, property, coverage, source, plan).run();
}

class Runner {
  readonly #campaign: Campaign;
  readonly #instances: readonly Instance[];
  readonly #property: Property;
  readonly #coverage: ClauseCounts;
  readonly #source: Source;
  readonly #planned: number;
  readonly #timeMs: number;
  readonly #log: RunLog;
  readonly #followUp: FollowUp;
  /** Levels on which the target has observed something. */
  readonly #delivered = new Set<Disagreement['level']>();
  #taken = 0;
  /** Why the target was given up. */
  #givenUp: string | undefined;

  constructor(
    campaign: Campaign,
    instances: readonly Instance[],
    property: Property,
    coverage: ClauseCounts,
    source: Source,
    { planned = Infinity, timeMs = Infinity }: RunLimits,
  ) {
    this.#campaign = campaign;
    this.#instances = instances;
    this.#property = property;
    this.#coverage = coverage;
    this.#source = source;
    this.#planned = planned;
    this.#timeMs = timeMs;
    this.#log = new RunLog(campaign, property, planned);
    this.#followUp = new FollowUp(campaign, property, coverage, this.#log);
  }

  async run(): Promise<string | undefined> {
    const { signal } = this.#campaign;
    const deadline = performance.now() + this.#timeMs;
    this.#log.progress('starting');
    const queue = new Queue(this.#instances, this.#property);
    let complete = true;
    try {
      while (!signal.aborted) {
        while (queue.hasRoom && performance.now() < deadline) {
          const programs = this.#batch();
          if (programs.length === 0) break;
          queue.send(programs);
        }
        const batch = queue.take();
        if (batch === undefined) break;
        const rest = await this.#settle(batch);
        if (rest !== undefined) {
          this.#givenUp ??= this.#followUp.givenUp;
          if (this.#followUp.isHopeless || this.#givenUp !== undefined) {
            complete = this.#log.hasFailed;
            break;
          }
          queue.resend(batch.instance, rest);
        }
        this.#log.progress('checking');
      }
    } catch (error) {
      // An instance that was not started, or a failure not followed up, because the run is over.
      if (!signal.aborted) this.#cannotStart(error);
    } finally {
      await queue.drop();
    }
    this.#log.result(complete && !signal.aborted, this.#givenUp?.split('\n')[0]);
    this.#log.progress('done', true);
    return this.#givenUp;
  }

  /** The next programs; fewer near the end, so that all instances are done at about the same time. */
  #batch(): Program[] {
    const size = Math.min(BATCH, Math.ceil((this.#planned - this.#taken) / this.#instances.length));
    const programs: Program[] = [];
    while (programs.length < size) {
      const next = this.#source.next();
      if (next === undefined) break;
      programs.push(next);
    }
    this.#taken += programs.length;
    return programs;
  }

  /** Counts what came of a batch. Yields what has to run again if the session cannot go on. */
  async #settle({ instance, programs, reply }: Batch): Promise<readonly Program[] | undefined> {
    let settled = 0;
    const answered = await reply;
    for (const result of judgeReply(answered, this.#property, programs, this.#coverage)) {
      const program = programs[settled++];
      if (program === undefined) break;
      switch (result.kind) {
        case 'pass':
          this.#log.count('pass', result.operations);
          this.#source.learn?.(program, result.answers, true);
          if (this.#property.repeat !== undefined) this.#coverage.add('HEALTH-02');
          break;
        case 'skipped':
        case 'errored':
          this.#log.trouble(result.kind, result.message, program);
          break;
        case 'fail': {
          const lacking = this.#lacks(result.disagreement.level, answered);
          if (lacking === undefined) {
            await this.#followUp.failure(instance, program, result.disagreement);
            this.#source.learn?.(program, result.answers, false);
          } else {
            this.#givenUp = lacking;
            this.#log.trouble('errored', lacking, program);
            instance.reset();
          }
          return programs.slice(settled);
        }
        case 'ended':
          await this.#followUp.end(instance, program, result, answered.session.answered);
          this.#source.learn?.(program, [], false);
          return programs.slice(settled);
      }
    }
    return undefined;
  }

  /**
   * That a target claims a level that it does not have: it disagrees on it, and none of its answers has anything there. Undefined
   * if it has it.
   */
  #lacks(level: Disagreement['level'], { answers, session }: Reply): string | undefined {
    if ((level !== 'frames' && level !== 'callbacks') || this.#campaign.target.ownsKernel === true) return undefined;
    if (this.#delivered.has(level)) return undefined;
    if (delivers(level, answers.flat())) {
      this.#delivered.add(level);
      return undefined;
    }
    if (session.answered < ANSWERS_WITHOUT) return undefined;
    return `The target claims the level \`${level}\`, but none of its ${String(session.answered)} answers has \`${level}\`: it has to observe it, or the level must not stand in \`started\`.`;
  }

  /** It cannot even be started again. */
  #cannotStart(error: unknown): void {
    if (!(error instanceof ConformanceError) || error.kind !== 'target') throw error;
    this.#givenUp = describeError(error);
    this.#log.trouble('errored', this.#givenUp);
  }
}
