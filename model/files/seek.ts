import type { ClauseId } from '../../spec/clauses.ts';
import { toSigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { procFilesCannotSeek } from '../changes.ts';
import { openFile } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { fail } from '../outcome.ts';
import { positionOf } from './positions.ts';
import type { OpenFile, Process } from '../state.ts';

/** fs/read_write.c `ksys_lseek`. */
export function lseek(draft: Draft, process: Process, op: Op<'lseek'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  if (op.whence === 'bad') return fail(draft, 'EINVAL', 'SEEK-03');
  if (draft.contract.lseek === 'none') return fail(draft, 'ESPIPE', 'SEEK-01');
  if (procFilesCannotSeek(draft.kernel)) return fail(draft, 'ESPIPE', 'SEEK-04');
  return seek(draft, description, op.whence, toSigned(op.offset));
}

/** `default_llseek`, which proc files had before Linux 6.0. The file's size is 0, and offsets wrap as 64 bits do. */
function seek(
  draft: Draft,
  description: OpenFile,
  whence: Exclude<Op<'lseek'>['whence'], 'bad'>,
  offset: bigint,
): Outcome {
  let clause: ClauseId = 'SEEK-05';
  let position = offset;
  switch (whence) {
    case 'set':
    case 'end':
      break;
    case 'cur':
      position = BigInt.asIntN(64, BigInt(description.position) + offset);
      break;
    case 'data':
    case 'hole':
      if (offset >= 0n) return fail(draft, 'ENXIO', 'SEEK-07');
      clause = 'SEEK-08';
      if (whence === 'hole') position = 0n;
      break;
  }
  if (position < 0n) return fail(draft, 'EINVAL', whence === 'data' ? 'SEEK-08' : 'SEEK-06');
  draft.setDescription({ ...description, position: positionOf(position) });
  draft.outcomeClauses.push(clause);
  const exact = positionOf(position);
  return { ret: typeof exact === 'number' ? exact : exact.toString() };
}
