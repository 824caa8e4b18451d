import { readRules, writeRules } from '../../spec/contract.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { setBufferBytes, startRead, startWrite } from '../files/device.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import { type Direction, givenPlace, move, overflow, ownPlace, type Place } from '../files/positions.ts';
import { resolve, safe } from '../areas/place.ts';
import { refuse, type Refused } from '../refusal.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { type Copied, copyUser, type UserCopy } from './user-copy.ts';

type MemoryOp = Op<'read_into'> | Op<'write_from'>;

/** `read` or `pread` into memory of the program. */
export function readInto(draft: Draft, process: ProcessDraft, op: Op<'read_into'>): Outcome {
  const begun = begin(draft, process, op, 'read');
  if (!('place' in begun)) return begun;
  const { place, at } = begun;
  const { description, position } = place;
  const count = startRead(draft, position, op.length, 'READ-07');
  if (count === 'failed') return fail(draft, 'EFAULT', 'FAIL-02');
  if (count === 0) {
    if (op.length === 0 && position < readRules(draft.contract).size && !draft.failed)
      copyNothing(draft, process, at, 'user');
    return succeed(draft, 0, op.length === 0 ? 'READ-08' : 'READ-02');
  }
  // What can be read lies far below 2^53.
  const start = Number(position);
  const copied = copy(draft, process, at, { buffer: description.buffer, position: start, count, to: 'user' });
  if (copied.fault !== undefined) return broken(draft, copied);
  move(draft, place, count);
  return succeed(draft, count, 'COPY-01');
}

/** `write` or `pwrite` from memory of the program. */
export function writeFrom(draft: Draft, process: ProcessDraft, op: Op<'write_from'>): Outcome {
  const begun = begin(draft, process, op, 'write');
  if (!('place' in begun)) return begun;
  const { place, at } = begun;
  const { description } = place;
  const rules = writeRules(draft.contract);
  const target = startWrite(draft, place, op.length, 'WRITE-08');
  if (target === 'failed') return fail(draft, 'EFAULT', 'FAIL-03');
  if (target === 'end') {
    return rules.atEnd === 'ENOSPC' ? fail(draft, 'ENOSPC', 'WRITE-03') : succeed(draft, 0, 'WRITE-03');
  }
  const { start, count } = target;
  // A copy of nothing that is made to fail does not even look at the memory.
  const copied = draft.failed
    ? { done: 0 }
    : copy(draft, process, at, { buffer: description.buffer, position: start, count, to: 'device' });
  if (copied.fault !== undefined) {
    // `copy_from_user` leaves nothing undefined behind.
    setBufferBytes(draft, description, start + copied.done, new Uint8Array(count - copied.done));
    draft.outcomeClauses.push('COPY-04');
    return broken(draft, copied);
  }
  const returned = rules.returns === 'length' ? op.length : count;
  if (rules.position === 'honoured') move(draft, place, returned);
  return succeed(draft, returned, count === 0 ? 'WRITE-10' : 'COPY-02');
}

/** The checks before the driver is called. */
function begin(
  draft: Draft,
  process: ProcessDraft,
  op: MemoryOp,
  direction: Direction,
): { place: Place; at: number | undefined } | Outcome {
  let at: number | undefined;
  if (!('wild' in op.at)) {
    at = resolve(draft, op.at);
    if (at === undefined) return { none: 'unbound' };
    if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  }
  const place =
    op.offset === undefined
      ? ownPlace(draft, process, op.fd, direction)
      : givenPlace(draft, process, op.fd, op.offset, direction);
  if ('errno' in place) return place;
  return accessible(draft, op) ?? overflow(draft, place, op.length, direction) ?? { place, at };
}

/** `access_ok`: only addresses of user space may be named, null among them. */
function accessible(draft: Draft, { at }: MemoryOp): Refused | undefined {
  return 'wild' in at && at.wild !== 'null' ? refuse(draft, 'EFAULT', 'COPY-05') : undefined;
}

/** A driver that asks for a copy of nothing, which not every architecture takes for nothing. */
function copyNothing(draft: Draft, process: ProcessDraft, at: number | undefined, to: UserCopy['to']): void {
  if (draft.kernel.platform.userCopies === 'by-page')
    copy(draft, process, at, { buffer: 0, position: 0, count: 0, to });
}

interface Buffer {
  readonly buffer: number;
  readonly position: number;
  readonly count: number;
  readonly to: 'user' | 'device';
}

/** Nothing is ever mapped at address 0, for which `at` is undefined here. */
function copy(draft: Draft, process: ProcessDraft, at: number | undefined, what: Buffer): Copied {
  if (at !== undefined) return copyUser(draft, process, { at, ...what });
  return what.count === 0 ? { done: 0 } : { done: 0, fault: { signal: 'SIGSEGV', code: 'MAPERR', clause: 'COPY-06' } };
}

function broken(draft: Draft, { done, fault }: Copied): Outcome {
  if (fault !== undefined) draft.outcomeClauses.push(fault.clause);
  return fail(draft, 'EFAULT', done === 0 ? 'COPY-03' : 'COPY-07');
}
