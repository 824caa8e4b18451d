import type { ClauseId } from '../spec/clauses.ts';
import type { Errno } from './errno.ts';
import type { Draft } from './draft.ts';

/** An error as an outcome; unlike `Outcome` it can be told apart from what a check yields when it passes. */
export interface Refused {
  readonly errno: Errno;
}

/** Cites the clause that decided and yields the error. */
export function refuse(draft: Draft, errno: Errno, clause: ClauseId): Refused {
  draft.outcomeClauses.push(clause);
  return { errno };
}
