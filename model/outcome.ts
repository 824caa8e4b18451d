import type { ClauseId } from '../spec/clauses.ts';
import type { Errno } from './errno.ts';
import type { Outcome } from '../spec/observation.ts';
import type { Op, OperationName } from '../spec/program.ts';
import type { Draft } from './draft.ts';
import type { ProcessDraft } from './processes/process-draft.ts';

/** What an operation of this kind does. */
export type Perform<Name extends OperationName> = (draft: Draft, process: ProcessDraft, op: Op<Name>) => Outcome;

/** A family of operations by name. */
export type Performers<Names extends OperationName = OperationName> = { readonly [Name in Names]: Perform<Name> };

/** Cites the clause that decided and yields the error. */
export function fail(draft: Draft, errno: Errno, clause: ClauseId): Outcome {
  draft.outcomeClauses.push(clause);
  return { errno };
}

export function succeed(draft: Draft, ret: number, clause: ClauseId): Outcome {
  draft.outcomeClauses.push(clause);
  return { ret };
}
