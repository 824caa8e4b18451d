import type { Verdict } from '../../spec/journal.ts';
import { describeOperation, type Program } from '../../spec/program.ts';
import type { Campaign, CampaignProgress } from './campaign-types.ts';
import type { Property } from '../property.ts';
import type { Shrunk } from '../shrink/shrink.ts';
import { Tally } from './tally.ts';
import { encodeToken } from './token.ts';

/** Characters of what a target says that are kept. */
const MESSAGE_LENGTH = 8000;

/** Problems written out in full; the rest are only counted. */
const TROUBLES_WRITTEN = 20;

/** Between two progress reports, in milliseconds. */
const PROGRESS_MS = 200;

/** What is counted, written and told while the programs of one property are checked. */
export class RunLog {
  readonly #campaign: Campaign;
  readonly #property: Property;
  readonly #planned: number;
  readonly #tally = new Tally();
  /** Programs that failed, whether that repeats or not. */
  failures = 0;
  #reported = 0;

  /** `planned`: how many programs there will be, `Infinity` where that is not known. */
  constructor(campaign: Campaign, property: Property, planned: number) {
    this.#campaign = campaign;
    this.#property = property;
    this.#planned = planned;
  }

  get hasFailed(): boolean {
    return this.#tally.verdicts.fail > 0;
  }

  count(verdict: Verdict, operations?: number): void {
    this.#tally.add(verdict, operations);
  }

  /** Counts a program that told nothing, and writes why. */
  trouble(verdict: 'skipped' | 'errored', message: string, program?: Program): void {
    this.count(verdict);
    const { skipped, errored } = this.#tally.verdicts;
    if (skipped + errored > TROUBLES_WRITTEN) return;
    const text = message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message;
    this.#campaign.write({ type: 'trouble', ...this.#where, verdict, message: text, ...(program && { program }) });
  }

  /** Counts and writes a failure that was shrunk from so many operations. */
  counterexample(verdict: 'fail' | 'flaky', shrunk: Shrunk, shrunkFrom: number): void {
    this.count(verdict);
    const { contract, write } = this.#campaign;
    const { program, disagreement } = shrunk;
    const where = this.#where;
    write({
      type: 'counterexample',
      ...where,
      verdict,
      token: encodeToken({ contract: contract.name, property: where.property, program }),
      disagreement,
      program,
      shrunkFrom,
      candidates: shrunk.candidates,
      shrinkMs: Math.round(shrunk.durationMs),
      text: program.ops.map(describeOperation),
    });
  }

  /** Writes what came of all; `message` says why there is not more. */
  result(complete: boolean, message: string | undefined): void {
    const entry = this.#tally.entry(this.#where, complete);
    this.#campaign.write({ ...entry, ...(message !== undefined && { message }) });
  }

  /** Tells how far the run is; often called, and seldom done unless it is `now`. */
  progress(stage: CampaignProgress['stage'], now = false): void {
    if (!now && performance.now() - this.#reported < PROGRESS_MS) return;
    this.#reported = performance.now();
    this.#campaign.onProgress({
      property: this.#property.name,
      stage,
      programs: this.#tally.programs,
      ...(Number.isFinite(this.#planned) && { planned: this.#planned }),
      operations: this.#tally.operations,
      perSecond: this.#tally.perSecond,
      failures: this.failures,
    });
  }

  get #where(): { target: string; contract: string; property: Property['name'] } {
    const { target, contract } = this.#campaign;
    return { target: target.name, contract: contract.name, property: this.#property.name };
  }
}
