import { encodeBytes, expandData } from '../../spec/bytes.ts';
import { writeRules } from '../../spec/contract.ts';
import { toSigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { fadviseChecksOffset } from '../changes.ts';
import { openFile } from '../files/descriptor-table.ts';
import { bufferBytes, citeRead, setBufferBytes, startRead, startWrite } from '../files/device.ts';
import type { Draft } from '../draft.ts';
import { fallocate, ftruncate } from '../files/file-calls.ts';
import { copy_file_range, sendfile, splice } from '../files/file-to-file.ts';
import { readInto, writeFrom } from '../memory/memory-transfers.ts';
import { fail, type Performers, succeed } from '../outcome.ts';
import { givenPlace, move, overflow, ownPlace, type Place } from '../files/positions.ts';
import { lseek } from '../files/seek.ts';
import type { Process } from '../state.ts';
import { preadv2, pwritev2, readv, writev } from '../files/vectors.ts';

function read(draft: Draft, process: Process, op: Op<'read'>): Outcome {
  const place = ownPlace(draft, process, op.fd, 'read');
  if ('errno' in place) return place;
  return overflow(draft, place, op.length, 'read') ?? transferOut(draft, place, op.length);
}

function pread(draft: Draft, process: Process, op: Op<'pread'>): Outcome {
  const place = givenPlace(draft, process, op.fd, op.offset, 'read');
  if ('errno' in place) return place;
  const refused = overflow(draft, place, op.length, 'read');
  if (refused !== undefined) return refused;
  draft.outcomeClauses.push('READ-04');
  return transferOut(draft, place, op.length);
}

/** What the driver's `read` does: copies from the position, up to the readable size. */
function transferOut(draft: Draft, place: Place, length: number): Outcome {
  const { description, position } = place;
  const count = startRead(draft, position, length, 'READ-07');
  if (count === 'failed') return fail(draft, 'EFAULT', 'FAIL-02');
  const data = count === 0 ? '' : encodeBytes(bufferBytes(draft, description, Number(position), count));
  citeRead(draft, data, position, count, length);
  move(draft, place, count);
  return { ret: count, data };
}

function write(draft: Draft, process: Process, op: Op<'write'>): Outcome {
  const place = ownPlace(draft, process, op.fd, 'write');
  if ('errno' in place) return place;
  return overflow(draft, place, op.data.length, 'write') ?? transferIn(draft, place, op.data);
}

function pwrite(draft: Draft, process: Process, op: Op<'pwrite'>): Outcome {
  const place = givenPlace(draft, process, op.fd, op.offset, 'write');
  if ('errno' in place) return place;
  const refused = overflow(draft, place, op.data.length, 'write');
  if (refused !== undefined) return refused;
  draft.outcomeClauses.push('WRITE-07');
  return transferIn(draft, place, op.data);
}

/** What the driver's `write` does. */
function transferIn(draft: Draft, place: Place, data: Op<'write'>['data']): Outcome {
  const rules = writeRules(draft.contract);
  const target = startWrite(draft, place, data.length, 'WRITE-08');
  if (target === 'failed') return fail(draft, 'EFAULT', 'FAIL-03');
  if (target === 'end') {
    return rules.atEnd === 'ENOSPC' ? fail(draft, 'ENOSPC', 'WRITE-03') : succeed(draft, 0, 'WRITE-03');
  }
  const { start, count } = target;
  setBufferBytes(draft, place.description, start, expandData(data).subarray(0, count));
  const returned = rules.returns === 'length' ? data.length : count;
  if (rules.position === 'honoured') move(draft, place, returned);
  return succeed(draft, returned, rules.position === 'ignored' ? 'WRITE-02' : 'WRITE-01');
}

/** mm/fadvise.c `generic_fadvise`: there is no page cache that could follow an advice. */
function fadvise(draft: Draft, process: Process, op: Op<'fadvise'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  if (toSigned(op.length) < 0n) return fail(draft, 'EINVAL', 'FILE-35');
  if (fadviseChecksOffset(draft.kernel) && toSigned(op.offset) < 0n) return fail(draft, 'EINVAL', 'FILE-38');
  return op.advice === 'unknown' ? fail(draft, 'EINVAL', 'FILE-36') : succeed(draft, 0, 'FILE-37');
}

export const transfers = {
  read,
  pread,
  readv,
  preadv2,
  write,
  pwrite,
  writev,
  pwritev2,
  read_into: readInto,
  write_from: writeFrom,
  lseek,
  ftruncate,
  fallocate,
  fadvise,
  splice,
  sendfile,
  copy_file_range,
} satisfies Performers<
  | 'read'
  | 'pread'
  | 'readv'
  | 'preadv2'
  | 'write'
  | 'pwrite'
  | 'writev'
  | 'pwritev2'
  | 'read_into'
  | 'write_from'
  | 'lseek'
  | 'ftruncate'
  | 'fallocate'
  | 'fadvise'
  | 'splice'
  | 'sendfile'
  | 'copy_file_range'
>;
