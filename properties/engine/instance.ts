import { Session, type SessionOptions } from './session.ts';
import type { Contract } from '../../spec/contract.ts';
import type { EncodedBytes } from '../../spec/observation.ts';
import type { Program } from '../../spec/program.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { askBatch, type Judged, judgeReply, type Reply } from './batch.ts';
import type { ClauseCounts } from '../judge/compare.ts';
import type { Property } from '../property.ts';

/**
 * One instance of a target with one contract: the session that is open to it, where a broken or dirty session is
 * replaced. A instance whose target could not be started stays broken until it is reset.
 */
export class Instance {
  readonly target: ReadyTarget;
  readonly contract: Contract;
  readonly #options: Pick<SessionOptions, 'signal' | 'silenceMs'>;
  #session: Promise<Session> | undefined;
  readonly #counters: ReadonlyMap<string, EncodedBytes>[] = [];

  constructor(target: ReadyTarget, contract: Contract, options: Pick<SessionOptions, 'signal' | 'silenceMs'> = {}) {
    this.target = target;
    this.contract = contract;
    this.#options = options;
  }

  /** The open session, a new one if the last is gone. Who asks while it is being opened gets the same one. */
  session(): Promise<Session> {
    this.#session = this.#replaced(this.#session);
    return this.#session;
  }

  async #replaced(last: Promise<Session> | undefined): Promise<Session> {
    const session = await last;
    if (session?.alive === true) return session;
    this.#options.signal?.throwIfAborted();
    const next = await Session.open(this.target, this.contract, this.#options);
    this.#counters.push(next.counters);
    return next;
  }

  /** What was counted in drivers, session by session, also of those that are gone: each began from 0. */
  get counters(): readonly ReadonlyMap<string, EncodedBytes>[] {
    return this.#counters;
  }

  /** The next session is a fresh one: a device that misbehaved may have left anything behind. */
  reset(): void {
    this.#session?.then(
      (session) => session.kill(),
      () => undefined,
    );
    this.#session = undefined;
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    await session?.close();
  }

  /** Runs the programs in one batch. Several batches may be under way; the target answers them in order. */
  async ask(property: Property, programs: readonly Program[]): Promise<Reply> {
    return askBatch(await this.session(), property, programs);
  }

  /**
   * Runs the programs in one batch and judges each. Programs behind one during which the target ended are
   * judged on a new session.
   */
  async judge(property: Property, programs: readonly Program[], coverage?: ClauseCounts): Promise<Judged[]> {
    const judged: Judged[] = [];
    while (judged.length < programs.length) {
      const rest = programs.slice(judged.length);
      judged.push(...judgeReply(await this.ask(property, rest), property, rest, coverage));
    }
    return judged;
  }
}
