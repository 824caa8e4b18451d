import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import type { Judged } from './batch.ts';
import type { Campaign } from './campaign-types.ts';
import type { ClauseCounts } from '../judge/compare.ts';
import type { Instance } from './instance.ts';
import type { Property } from '../property.ts';
import type { RunLog } from './run-log.ts';
import { repeats, shrink, type Trial } from '../shrink/shrink.ts';
import { signature } from '../shrink/signature.ts';
import { disagreementOf, endedMessage } from './ending.ts';

/** A property stops after so many different failures, or so many failing programs: more would say nothing new. */
const DIFFERENT_FAILURES = 3;
const FAILING_PROGRAMS = 12;

/** A target that ends this often for no reason that repeats is given up, or this often in a row without an answer. */
const RESTARTS = 5;
const BARREN_STARTS = 3;

/** Runs of a shrunk program on fresh targets that tell `fail` from `flaky`. */
const CONFIRMATIONS = 3;

/** Finds out what a failing program is about, or one under which the target ended. */
export class FollowUp {
  readonly #campaign: Campaign;
  readonly #property: Property;
  readonly #coverage: ClauseCounts;
  readonly #log: RunLog;
  readonly #signatures = new Set<string>();
  #restarts = 0;
  /** Starts in a row after which no program was answered. */
  #barren = 0;
  /** Why the target is given up. */
  givenUp: string | undefined;

  constructor(campaign: Campaign, property: Property, coverage: ClauseCounts, log: RunLog) {
    this.#campaign = campaign;
    this.#property = property;
    this.#coverage = coverage;
    this.#log = log;
  }

  /** Whether more programs would say nothing new. */
  get isHopeless(): boolean {
    return this.#signatures.size >= DIFFERENT_FAILURES || this.#log.failures >= FAILING_PROGRAMS;
  }

  /** A failing program: confirmed, shrunk if it is new, confirmed again, and written. */
  async failure(instance: Instance, program: Program, first: Disagreement): Promise<void> {
    this.#log.failures++;
    const wanted = signature(first);
    if (this.#signatures.has(wanted)) {
      this.#log.count('fail');
      instance.reset();
      return;
    }
    this.#log.progress('shrinking', true);
    const { signal, shrinkMs } = this.#campaign;
    const trial = this.#trialOn(instance);
    const shrunk = await shrink(trial, { program, disagreement: first }, shrinkMs, signal);
    const failed = await repeats(trial, shrunk.program, wanted, CONFIRMATIONS);
    instance.reset();
    const verdict = failed === CONFIRMATIONS ? 'fail' : 'flaky';
    // A failure that did not repeat must not hide one of the same kind that does.
    if (verdict === 'fail') this.#signatures.add(wanted);
    this.#log.counterexample(verdict, shrunk, program.ops.length);
  }

  /** Candidates are tried on this instance. */
  #trialOn(instance: Instance): Trial {
    return {
      run: async (programs) => {
        const judged = await instance.judge(this.#property, programs);
        return programs.map((program, index) => disagreementOf(judged[index], program));
      },
      reset: () => instance.reset(),
    };
  }

  /**
   * The target ended under this program: if it does so again alone, the program is to blame.
   *
   * @param answered how many programs the session had answered
   */
  async end(
    instance: Instance,
    program: Program,
    ended: Extract<Judged, { kind: 'ended' }>,
    answered: number,
  ): Promise<void> {
    instance.reset();
    if (this.#campaign.signal.aborted) return;
    this.#restarts++;
    this.#barren = answered > 0 ? 0 : this.#barren + 1;
    let last = ended;
    let outcome = 'it had just been started';
    if (this.#barren < BARREN_STARTS) {
      const [again] = await instance.judge(this.#property, [program], this.#coverage);
      const disagreement = disagreementOf(again, program);
      if (disagreement !== undefined) {
        await this.failure(instance, program, disagreement);
        return;
      }
      if (again?.kind === 'ended') {
        this.#restarts++;
        this.#barren++;
        last = again;
      } else {
        this.#barren = 0;
      }
      outcome = describeSecond(again);
    }
    const what = endedMessage(last.error);
    const { first, rest } = cutFirstLine(what);
    this.#log.trouble('errored', `${first} That was while it had a program to run; ${outcome}.${rest}`, program);
    if (this.#barren >= BARREN_STARTS) {
      this.givenUp = `The target was given up: it was started ${String(this.#barren)} times in a row without answering a program. ${what}`;
    } else if (this.#restarts > RESTARTS) {
      this.givenUp = `The target was given up: it ended ${String(this.#restarts)} times. ${what}`;
    }
  }
}

/** What came of the program that was run again, alone. */
function describeSecond(again: Judged | undefined): string {
  if (again?.kind === 'ended') return 'it was started again, and it came to the same in the same program, run alone';
  if (again === undefined || again.kind === 'pass') return 'it was started again, and the program then passed';
  return `it was started again, and the program was then ${again.kind}`;
}

function cutFirstLine(text: string): { first: string; rest: string } {
  const end = text.indexOf('\n');
  return end === -1 ? { first: text, rest: '' } : { first: text.slice(0, end), rest: text.slice(end) };
}
