import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { emptyCopiesAnywhere, sendsStraightIntoPipes, splicesNothing } from '../changes.ts';
import { openFile } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { PROC_MAX_BYTES } from './file-calls.ts';
import { fail, succeed } from '../outcome.ts';
import { endsBeyondOffsets } from './positions.ts';
import type { OpenFile, Process } from '../state.ts';

/** fs/splice.c `do_splice`: the driver can neither `splice_read` nor `splice_write`, so only the errors differ. */
export function splice(draft: Draft, process: Process, op: Op<'splice'>): Outcome {
  if (op.length === 0) return succeed(draft, 0, 'FILE-20');
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  const allowed = op.direction === 'from' ? description.readable : description.writable;
  if (!allowed) return fail(draft, 'EBADF', 'FILE-21');
  return fail(draft, 'EINVAL', 'FILE-22');
}

/** fs/read_write.c `do_sendfile`. */
export function sendfile(draft: Draft, process: Process, op: Op<'sendfile'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  const allowed = op.direction === 'from' ? description.readable : description.writable;
  if (!allowed) return fail(draft, 'EBADF', 'FILE-23');
  if (endsBeyondOffsets(description.position, op.length)) return fail(draft, 'EINVAL', 'FILE-24');
  return op.direction === 'from'
    ? sendToPipe(draft, description, op.length)
    : sendFromFile(draft, description, op.length);
}

function sendToPipe(draft: Draft, description: OpenFile, length: number): Outcome {
  const { kernel } = draft;
  // A position of more than 2^53 is certainly beyond this bound, so it need not be exact.
  const end = BigInt(description.position) + BigInt(length);
  if (kernel.regular && description.position >= PROC_MAX_BYTES && end > PROC_MAX_BYTES) {
    return fail(draft, 'EOVERFLOW', 'FILE-29');
  }
  if (length > 0) return fail(draft, 'EINVAL', 'FILE-24');
  if (!sendsStraightIntoPipes(kernel)) {
    return kernel.regular ? succeed(draft, 0, 'FILE-26') : fail(draft, 'EINVAL', 'FILE-26');
  }
  return splicesNothing(kernel) ? succeed(draft, 0, 'FILE-28') : fail(draft, 'EINVAL', 'FILE-27');
}

function sendFromFile(draft: Draft, description: OpenFile, length: number): Outcome {
  if (description.append) return fail(draft, 'EINVAL', 'FILE-30');
  return length === 0 ? succeed(draft, 0, 'FILE-25') : fail(draft, 'EINVAL', 'FILE-24');
}

/** fs/read_write.c `generic_copy_file_checks`: the size of a proc file is 0, so there is nothing to copy. */
export function copy_file_range(draft: Draft, process: Process, op: Op<'copy_file_range'>): Outcome {
  const from = openFile(draft, process, op.fd);
  if ('errno' in from) return from;
  const onto = openFile(draft, process, op.onto);
  if ('errno' in onto) return onto;
  if (!draft.kernel.regular) return fail(draft, 'EINVAL', 'FILE-31');
  if (!from.readable || !onto.writable || onto.append) return fail(draft, 'EBADF', 'FILE-32');
  if (!emptyCopiesAnywhere(draft.kernel) && onto.position >= PROC_MAX_BYTES) return fail(draft, 'EFBIG', 'FILE-34');
  return succeed(draft, 0, 'FILE-33');
}
