import type { ClauseId } from '../../spec/clauses.ts';
import { encodeBytes } from '../../spec/bytes.ts';
import { type Contract, readRules, writeRules } from '../../spec/contract.ts';
import type { Draft } from '../draft.ts';
import { PAGE_SIZE } from '../areas/place.ts';
import type { Place, Position } from './positions.ts';
import type { OpenFile } from '../state.ts';

/**
 * The first part of what the driver's `read` does: it logs the call, with its position exactly, as 64 bits. Returns how many
 * bytes there are from there on, or that copying them is made to fail.
 */
export function startRead(draft: Draft, position: Position, length: number, clause: ClauseId): number | 'failed' {
  draft.callback('read', `len=${String(length)} pos=${position.toString()}`, clause);
  const rest = readRules(draft.contract).size - Number(position);
  // Nothing is copied from behind the end, but nothing may be copied from before it.
  if (rest <= 0) return 0;
  const count = Math.min(length, rest);
  return copyFails(draft, count) ? 'failed' : count;
}

/** Whether a copy is made to fail and there was something to copy. */
function copyFails(draft: Draft, count: number): boolean {
  if (!draft.copyFails()) return false;
  if (count > 0) return true;
  draft.outcomeClauses.push('FAIL-04');
  return false;
}

/** The same of its `write`: where in the buffer bytes go, or that the end is reached. */
export function startWrite(
  draft: Draft,
  { description, position }: Pick<Place, 'description' | 'position'>,
  length: number,
  clause: ClauseId,
): { start: number; count: number } | 'end' | 'failed' {
  const rules = writeRules(draft.contract);
  draft.callback('write', `len=${String(length)} pos=${position.toString()}`, clause);
  const start = rules.position === 'ignored' ? 0 : Number(position);
  if (rules.position === 'honoured' && start >= rules.size) return 'end';
  const count = Math.min(length, rules.size - start);
  if (!copyFails(draft, count)) return { start, count };
  // `copy_from_user` leaves nothing undefined behind.
  setBufferBytes(draft, description, start, new Uint8Array(count));
  return 'failed';
}

/** Cites what decides about bytes that were read: whose buffer they come from, and that they are those at the position. */
export function citeRead(draft: Draft, data: string, position: Position, count: number, length: number): void {
  if (count === 0) {
    draft.outcomeClauses.push(length === 0 ? 'READ-08' : 'READ-02');
    return;
  }
  const owner = draft.contract.buffer.owner === 'device' ? 'BUF-02' : 'BUF-01';
  // What a fresh buffer shows at its start tells more about whose buffer it is than about reading.
  const fresh = position === 0 && data === encodeBytes(initialBytes(draft.contract, count));
  if (fresh) draft.outcomeClauses.push('READ-01', owner);
  else draft.outcomeClauses.push(owner, 'READ-01');
}

/** The first bytes of a new buffer. */
function initialBytes(contract: Contract, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const { initial } = contract.buffer;
  for (let index = 0; index < count && index < initial.length; index++) bytes[index] = initial.charCodeAt(index);
  return bytes;
}

/** Bytes of the buffer. */
export function bufferBytes(draft: Draft, description: OpenFile, position: number, count: number): Uint8Array {
  const offset = position % PAGE_SIZE;
  if (offset + count <= PAGE_SIZE) {
    return draft.bytes(description.buffer + Math.floor(position / PAGE_SIZE)).subarray(offset, offset + count);
  }
  const bytes = new Uint8Array(count);
  for (let done = 0; done < count;) {
    const at = position + done;
    const from = at % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - from, count - done);
    bytes.set(draft.bytes(description.buffer + Math.floor(at / PAGE_SIZE)).subarray(from, from + part), done);
    done += part;
  }
  return bytes;
}

/** Puts bytes into the buffer. */
export function setBufferBytes(draft: Draft, description: OpenFile, position: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const at = position + done;
    const from = at % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - from, bytes.length - done);
    const frame = description.buffer + Math.floor(at / PAGE_SIZE);
    draft.writable(frame).set(bytes.subarray(done, done + part), from);
    done += part;
  }
}
