import { Session, SessionEnded } from '../adapters/session.ts';
import type { Contract } from '../spec/contract.ts';
import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import type { Answer } from '../spec/protocol.ts';
import type { Target } from '../spec/target.ts';
import type { Coverage } from './check.ts';
import type { Property } from './property.ts';

/** What came of one base program. */
export type Judged =
  | { readonly kind: 'pass'; readonly operations: number }
  | { readonly kind: 'fail'; readonly disagreement: Disagreement }
  | { readonly kind: 'skipped' | 'errored'; readonly message: string }
  /** The target ended while the program was under way. */
  | { readonly kind: 'ended'; readonly error: SessionEnded };

/** One target with one contract and the session that is open to it; a broken or dirty session is replaced. */
export class Lane {
  readonly target: Target;
  readonly contract: Contract;
  readonly #signal: AbortSignal | undefined;
  #session: Session | undefined;

  constructor(target: Target, contract: Contract, signal?: AbortSignal) {
    this.target = target;
    this.contract = contract;
    this.#signal = signal;
  }

  /** The open session, a new one if the last is gone. */
  async session(): Promise<Session> {
    if (this.#session?.alive !== true) {
      this.#signal?.throwIfAborted();
      this.#session = await Session.open(this.target, this.contract, {
        ...(this.#signal && { signal: this.#signal }),
      });
    }
    return this.#session;
  }

  /** The next session is a fresh one: a device that misbehaved may have left anything behind. */
  reset(): void {
    this.#session?.kill();
    this.#session = undefined;
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = undefined;
  }

  /**
   * Runs the programs in one batch and judges each. Programs behind one during which the target ended are
   * judged on a new session.
   */
  async judge(
    property: Property,
    programs: readonly Program[],
    options: { coverage?: Coverage; everyLayout?: boolean } = {},
  ): Promise<Judged[]> {
    const judged: Judged[] = [];
    while (judged.length < programs.length) {
      const rest = programs.slice(judged.length);
      const session = await this.session();
      judged.push(...(await judgeBatch(session, property, rest, options)));
    }
    return judged;
  }
}

/** Runs and judges one batch; the result is shorter than the batch when the target ended under way. */
export async function judgeBatch(
  session: Session,
  property: Property,
  programs: readonly Program[],
  options: { coverage?: Coverage; everyLayout?: boolean } = {},
): Promise<Judged[]> {
  const expanded = programs.map((program) => property.expand(program));
  let answers: readonly Answer[];
  let ended: SessionEnded | undefined;
  try {
    answers = await session.run(expanded.flat(), {
      ...(options.everyLayout === true && { everyLayout: true }),
      ...(property.repeat !== undefined && { repeat: property.repeat }),
    });
  } catch (error) {
    if (!(error instanceof SessionEnded)) throw error;
    ended = error;
    answers = error.answers;
  }
  const judged: Judged[] = [];
  let at = 0;
  for (const [index, program] of programs.entries()) {
    const count = expanded[index]?.length ?? 0;
    const own = answers.slice(at, at + count);
    at += count;
    if (own.length < count) {
      if (ended !== undefined) judged.push({ kind: 'ended', error: ended });
      break;
    }
    judged.push(judgeAnswers(session, property, program, own, options));
  }
  return judged;
}

function judgeAnswers(
  session: Session,
  property: Property,
  program: Program,
  answers: readonly Answer[],
  options: { coverage?: Coverage; everyLayout?: boolean },
): Judged {
  let operations = 0;
  for (const answer of answers) {
    if (answer.result === 'skipped') return { kind: 'skipped', message: answer.reason };
    if (answer.result === 'errored') return { kind: 'errored', message: answer.message };
    if (answer.result === 'observed' && property.comparesAll) operations += answer.steps.length;
  }
  const verdict = property.judge(program, answers, {
    contract: session.contract,
    kernel: session.profile,
    levels: session.levels,
    ...(options.coverage && { coverage: options.coverage }),
    ...(options.everyLayout === true && { everyLayout: true }),
  });
  if (verdict === undefined) return { kind: 'pass', operations };
  if ('unpredictable' in verdict) return { kind: 'skipped', message: verdict.unpredictable };
  return { kind: 'fail', disagreement: verdict };
}
