import type { ClauseId } from '../../spec/clauses.ts';
import type { Errno } from '../errno.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { freeNumber, install, lookUpAny, numberOf } from '../files/descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { fsync, ioctl, poll } from '../files/file-calls.ts';
import { open } from '../files/open.ts';
import { fail, type Performers, succeed } from '../outcome.ts';
import { receive, send } from '../files/passing.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';

export { lookUp } from '../files/descriptor-table.ts';

function close(draft: Draft, process: ProcessDraft, op: Op<'close'>): Outcome {
  const description = lookUpAny(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  install(process, numberOf(draft, op.fd), 0);
  draft.drop(description.id);
  return succeed(draft, 0, description.path ? 'PATH-03' : 'FD-03');
}

function dup(draft: Draft, process: ProcessDraft, op: Op<'dup'>): Outcome {
  const description = lookUpAny(draft, process, op.fd);
  const number = freeNumber(draft, process);
  if (description === undefined || number === undefined) {
    draft.bindDescriptor(op.to, -1);
    return description === undefined ? fail(draft, 'EBADF', 'FD-02') : fail(draft, 'EMFILE', 'LIMIT-01');
  }
  install(process, number, description.id);
  draft.bindDescriptor(op.to, number);
  return succeed(draft, number, description.path ? 'PATH-03' : 'FD-01');
}

/** fs/file.c `ksys_dup3` and `do_dup2`. */
function dup2(draft: Draft, process: ProcessDraft, op: Op<'dup2'>): Outcome {
  const from = numberOf(draft, op.fd);
  const onto = numberOf(draft, op.onto);
  const failed = (errno: Errno, clause: ClauseId): Outcome => {
    draft.bindDescriptor(op.to, -1);
    return fail(draft, errno, clause);
  };
  if (from === onto && op.call === 'dup3') return failed('EINVAL', 'FD-06');
  // The number -1 is beyond any limit, so it is refused first.
  if (onto < 0 && from !== onto) return failed('EBADF', 'FD-07');
  const description = lookUpAny(draft, process, op.fd);
  if (description === undefined) return failed('EBADF', 'FD-02');
  draft.bindDescriptor(op.to, onto);
  if (from === onto) return succeed(draft, onto, 'FD-05');
  const replaced = process.descriptors[onto] ?? 0;
  install(process, onto, description.id);
  if (replaced !== 0) draft.drop(replaced);
  return succeed(draft, onto, replaced === 0 ? 'FD-04' : 'FD-08');
}

export const descriptors = { open, close, dup, dup2, send, receive, poll, ioctl, fsync } satisfies Performers<
  'open' | 'close' | 'dup' | 'dup2' | 'send' | 'receive' | 'poll' | 'ioctl' | 'fsync'
>;
