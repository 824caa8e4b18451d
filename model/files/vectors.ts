import type { ClauseId } from '../../spec/clauses.ts';
import type { Errno } from '../errno.ts';
import { encodeBytes, expandData } from '../../spec/bytes.ts';
import { writeRules } from '../../spec/contract.ts';
import type { Int64 } from '../../spec/integer.ts';
import { toSigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { skipsEmptySegments } from '../changes.ts';
import { bufferBytes, citeRead, setBufferBytes, startRead, startWrite } from './device.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import { type Direction, endsBeyondOffsets, givenPlace, move, ownPlace, type Place } from './positions.ts';
import { refuse, type Refused } from '../refusal.ts';
import type { Process } from '../state.ts';

type Flags = Op<'preadv2'>['flags'];

/** One segment's transfer: the bytes moved, or the driver's error. */
type Moved = number | { readonly errno: Errno; readonly clause: ClauseId };

export function readv(draft: Draft, process: Process, op: Op<'readv'>): Outcome {
  return read(draft, ownPlace(draft, process, op.fd, 'read'), op.lengths, undefined);
}

export function preadv2(draft: Draft, process: Process, op: Op<'preadv2'>): Outcome {
  return read(draft, vectorPlace(draft, process, op, 'read'), op.lengths, op.flags);
}

export function writev(draft: Draft, process: Process, op: Op<'writev'>): Outcome {
  return write(draft, ownPlace(draft, process, op.fd, 'write'), op.segments, undefined);
}

export function pwritev2(draft: Draft, process: Process, op: Op<'pwritev2'>): Outcome {
  return write(draft, vectorPlace(draft, process, op, 'write'), op.segments, op.flags);
}

/** Where the positioned forms begin: -1 stands for the description's own position (fs/read_write.c `preadv2`, `pwritev2`). */
function vectorPlace(
  draft: Draft,
  process: Process,
  op: { fd: string; offset: Int64 },
  direction: Direction,
): Place | Refused {
  const offset = toSigned(op.offset);
  if (offset === -1n) {
    draft.outcomeClauses.push('VEC-07');
    return ownPlace(draft, process, op.fd, direction);
  }
  if (offset < 0n) return refuse(draft, 'EINVAL', 'VEC-08');
  return givenPlace(draft, process, op.fd, op.offset, direction);
}

function read(draft: Draft, place: Place | Refused, lengths: readonly number[], flags: Flags): Outcome {
  if ('errno' in place) return place;
  const refused = refusal(draft, place, lengths, flags);
  if (refused !== undefined) return 'errno' in refused ? refused : { ...refused, data: '' };
  const { description } = place;
  const pieces: Uint8Array[] = [];
  const total = eachSegment(draft, lengths, (length, clause, before) => {
    const position = place.position;
    const at = typeof position === 'bigint' ? position + BigInt(before) : position + before;
    const count = startRead(draft, at, length, clause);
    if (count === 'failed') return { errno: 'EFAULT', clause: 'FAIL-02' };
    if (count > 0) pieces.push(bufferBytes(draft, description, Number(at), count));
    return count;
  });
  if (typeof total !== 'number') return fail(draft, total.errno, total.clause);
  const data = encodeBytes(joined(pieces, total));
  citeRead(draft, data, place.position, total, 1);
  move(draft, place, total);
  draft.outcomeClauses.push(place.own ? 'VEC-01' : 'VEC-12');
  return { ret: total, data };
}

function write(draft: Draft, place: Place | Refused, segments: Op<'writev'>['segments'], flags: Flags): Outcome {
  if ('errno' in place) return place;
  const lengths = segments.map(({ length }) => length);
  const refused = refusal(draft, place, lengths, flags);
  if (refused !== undefined) return refused;
  const rules = writeRules(draft.contract);
  const { description } = place;
  const honoured = rules.position === 'honoured';
  const total = eachSegment(draft, lengths, (length, clause, before, index) => {
    const position = place.position;
    const step = honoured ? before : 0;
    const at = typeof position === 'bigint' ? position + BigInt(step) : position + step;
    const target = startWrite(draft, { description, position: at }, length, clause);
    if (target === 'failed') return { errno: 'EFAULT', clause: 'FAIL-03' };
    if (target === 'end') return rules.atEnd === 'ENOSPC' ? { errno: 'ENOSPC', clause: 'WRITE-03' } : 0;
    const segment = segments[index];
    if (segment !== undefined) {
      setBufferBytes(draft, description, target.start, expandData(segment).subarray(0, target.count));
    }
    return rules.returns === 'length' ? length : target.count;
  });
  if (typeof total !== 'number') return fail(draft, total.errno, total.clause);
  if (honoured) move(draft, place, total);
  return succeed(draft, total, place.own ? 'VEC-02' : 'VEC-13');
}

/** What ends a vector's transfer before the driver is called (`vfs_readv`, `vfs_writev`, `do_loop_readv_writev`). */
function refusal(
  draft: Draft,
  place: Place,
  lengths: readonly number[],
  flags: Flags,
): Refused | { ret: number } | undefined {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total === 0) {
    draft.outcomeClauses.push('VEC-05');
    return { ret: 0 };
  }
  if (endsBeyondOffsets(place.position, total)) return refuse(draft, 'EINVAL', 'VEC-09');
  if (flags?.some((flag) => flag !== 'hipri') === true) return refuse(draft, 'EOPNOTSUPP', 'VEC-10');
  return undefined;
}

/**
 * Calls the driver for one segment after the other (`do_loop_readv_writev`), with the clause that demands the call and the
 * bytes moved before. Empty segments count only where the iterator stops at them.
 */
function eachSegment(
  draft: Draft,
  lengths: readonly number[],
  transfer: (length: number, clause: ClauseId, before: number, index: number) => Moved,
): Moved {
  const skipsEmpty = skipsEmptySegments(draft.kernel);
  let rest = lengths.reduce((sum, length) => sum + length, 0);
  let total = 0;
  for (let index = 0; rest > 0; index++) {
    const length = lengths[index] ?? 0;
    if (length === 0 && skipsEmpty && index > 0) continue;
    const moved = transfer(length, length === 0 ? 'VEC-11' : 'VEC-03', total, index);
    if (typeof moved !== 'number') {
      if (total === 0) return moved;
      draft.outcomeClauses.push('VEC-06');
      return total;
    }
    total += moved;
    if (moved !== length) {
      draft.outcomeClauses.push('VEC-04');
      return total;
    }
    rest -= length;
  }
  return total;
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (const piece of pieces) {
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes;
}
