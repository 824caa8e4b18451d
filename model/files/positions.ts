import { type Int64, toSigned } from '../../spec/integer.ts';
import { openFile } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { refuse, type Refused } from '../refusal.ts';
import type { OpenFile, Process } from '../state.ts';

/** A place in a file in bytes: a number while it is exact in a double, else a bigint. Never negative. */
export type Position = number | bigint;

export type Direction = 'read' | 'write';

/** LLONG_MAX: where offsets end. */
const OFFSET_MAX = 2n ** 63n - 1n;

/** The same position in its only form. */
export function positionOf(value: bigint): Position {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Whether a transfer would end beyond all offsets, which `rw_verify_area` refuses. */
export function endsBeyondOffsets(position: Position, length: number): boolean {
  // What is exact in a double is far from the end, whatever the length.
  return typeof position === 'bigint' && position + BigInt(length) > OFFSET_MAX;
}

/** A description that a transfer may use, and where it begins. */
export interface Place {
  readonly description: OpenFile;
  readonly position: Position;
  /** Whether the description's position is used, and so moved. */
  readonly own: boolean;
}

/** `ksys_read`, `ksys_write`: an open file at its own position; then the access mode (`vfs_read`, `vfs_write`). */
export function ownPlace(draft: Draft, process: Process, variable: string, direction: Direction): Place | Refused {
  const description = openFile(draft, process, variable);
  if ('errno' in description) return description;
  return forbidden(draft, description, direction) ?? { description, position: description.position, own: true };
}

/** `ksys_pread64`, `ksys_pwrite64`: the offset comes first, then the file, whether it has offsets, then the access mode. */
export function givenPlace(
  draft: Draft,
  process: Process,
  variable: string,
  wireOffset: Int64,
  direction: Direction,
): Place | Refused {
  const offset = toSigned(wireOffset);
  if (offset < 0n) return refuse(draft, 'EINVAL', direction === 'read' ? 'READ-05' : 'WRITE-05');
  const description = openFile(draft, process, variable);
  if ('errno' in description) return description;
  if (!draft.contract.positioned) return refuse(draft, 'ESPIPE', 'SEEK-02');
  return forbidden(draft, description, direction) ?? { description, position: positionOf(offset), own: false };
}

function forbidden(draft: Draft, description: OpenFile, direction: Direction): Refused | undefined {
  if (direction === 'read') {
    if (!description.readable) return refuse(draft, 'EBADF', 'READ-03');
    return draft.contract.read === undefined ? refuse(draft, 'EINVAL', 'READ-10') : undefined;
  }
  if (!description.writable) return refuse(draft, 'EBADF', 'WRITE-04');
  return draft.contract.write === undefined ? refuse(draft, 'EINVAL', 'WRITE-11') : undefined;
}

/** `rw_verify_area`. */
export function overflow(draft: Draft, place: Place, length: number, direction: Direction): Refused | undefined {
  if (!endsBeyondOffsets(place.position, length)) return undefined;
  if (place.own) return refuse(draft, 'EINVAL', direction === 'read' ? 'READ-09' : 'WRITE-09');
  return refuse(draft, 'EINVAL', direction === 'read' ? 'READ-06' : 'WRITE-06');
}

/** The position that so many bytes lead to. */
function advanced(position: Position, count: number): Position {
  const exact = typeof position === 'number' && position + count <= Number.MAX_SAFE_INTEGER;
  return exact ? position + count : positionOf(BigInt(position) + BigInt(count));
}

/** The position after the driver has moved it by `count` bytes, if it is the description's own. */
export function move(draft: Draft, place: Place, count: number): void {
  if (!place.own || count === 0) return;
  const { description } = place;
  draft.setDescription({ ...description, position: advanced(place.position, count) });
}
