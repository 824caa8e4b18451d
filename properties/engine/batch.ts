import { type Session, SessionEnded } from './session.ts';
import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import type { Answer } from '../../spec/protocol.ts';
import { misfit } from '../judge/answer-fit.ts';
import type { ClauseCounts } from '../judge/compare.ts';
import type { Property } from '../property.ts';

/** What came of one base program. */
export type Judged =
  | { readonly kind: 'pass'; readonly operations: number; readonly answers: readonly Answer[] }
  | { readonly kind: 'fail'; readonly disagreement: Disagreement; readonly answers: readonly Answer[] }
  | { readonly kind: 'skipped' | 'errored'; readonly message: string }
  /** The target ended while the program was under way. */
  | { readonly kind: 'ended'; readonly error: SessionEnded };

/** What a target answered to one batch, not judged yet. */
export interface Reply {
  readonly session: Session;
  /** What each base program was expanded to. */
  readonly programs: readonly (readonly Program[])[];
  /** For each base program the answers to all that it was expanded to; fewer than the programs if the target ended. */
  readonly answers: readonly (readonly Answer[])[];
  readonly ended?: SessionEnded;
}

/** Runs one batch. That the target ends under way is part of the reply. */
export async function askBatch(session: Session, property: Property, programs: readonly Program[]): Promise<Reply> {
  const expanded = programs.map((program) => property.expand(program));
  const options = property.repeat === undefined ? {} : { repeat: property.repeat };
  try {
    const answers = await session.run(expanded.flat(), options);
    return { session, programs: expanded, answers: grouped(answers, expanded) };
  } catch (error) {
    if (!(error instanceof SessionEnded)) throw error;
    return { session, programs: expanded, answers: grouped(error.answers, expanded), ended: error };
  }
}

/** The answers of each base program, as far as it has them all. */
function grouped(answers: readonly Answer[], expanded: readonly (readonly Program[])[]): (readonly Answer[])[] {
  const groups: (readonly Answer[])[] = [];
  let at = 0;
  for (const { length } of expanded) {
    if (at + length > answers.length) break;
    groups.push(answers.slice(at, at + length));
    at += length;
  }
  return groups;
}

/**
 * Judges a reply program by program, up to the one under which the target ended. Each is judged only when it is asked
 * for: coverage counts nothing of what stands behind a failure and runs again.
 */
export function* judgeReply(
  reply: Reply,
  property: Property,
  programs: readonly Program[],
  coverage?: ClauseCounts,
): Generator<Judged, void, undefined> {
  for (const [index, program] of programs.entries()) {
    if (reply.answers[index] !== undefined) yield judgeAnswers(reply, property, program, index, coverage);
    else if (reply.ended !== undefined) return yield { kind: 'ended', error: reply.ended };
  }
}

function judgeAnswers(
  { session, programs, answers: all }: Reply,
  property: Property,
  program: Program,
  index: number,
  coverage: ClauseCounts | undefined,
): Judged {
  const answers = all[index] ?? [];
  let operations = 0;
  for (const [part, answer] of answers.entries()) {
    if (answer.result === 'skipped') return { kind: 'skipped', message: answer.reason };
    if (answer.result === 'errored') return { kind: 'errored', message: answer.message };
    const run = programs[index]?.[part];
    const problem = run && misfit(run, answer, { levels: session.levels, repeat: property.repeat });
    if (problem !== undefined) return { kind: 'errored', message: problem };
    if (answer.result === 'observed' && property.comparesAll) operations += answer.steps.length;
  }
  const verdict = property.judge(program, answers, {
    contract: session.contract,
    kernel: session.profile,
    levels: session.levels,
    ...(coverage && { coverage }),
  });
  if (verdict === undefined) return { kind: 'pass', operations, answers };
  if ('unpredictable' in verdict) return { kind: 'skipped', message: verdict.unpredictable };
  return { kind: 'fail', disagreement: verdict, answers };
}
