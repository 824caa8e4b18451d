import { encodeBytes, expandData } from '../spec/bytes.ts';
import type { Contract } from '../spec/contract.ts';
import { type Int64, toSigned } from '../spec/integer.ts';
import type { Outcome } from '../spec/observation.ts';
import type { Operation } from '../spec/program.ts';
import { atLeast } from '../spec/kernel.ts';
import type { Draft } from './draft.ts';
import type { Description, Process } from './state.ts';

type Op<Name extends Operation['op']> = Extract<Operation, { op: Name }>;

const PAGE = 4096;
const OFFSET_MAX = 2n ** 63n - 1n;

/** Cites the clause that decided and yields the error. */
export function fail(draft: Draft, errno: string, clause: string): Outcome {
  draft.outcomeClauses.push(clause);
  return { errno };
}

export function succeed(draft: Draft, ret: number, clause: string): Outcome {
  draft.outcomeClauses.push(clause);
  return { ret };
}

/** The description behind a descriptor variable in a process' table. */
export function lookUp(draft: Draft, process: Process, variable: string): Description | undefined {
  const descriptor = draft.descriptors.get(variable) ?? -1;
  return draft.descriptions.get(process.descriptors[descriptor] ?? 0);
}

function install(draft: Draft, process: Process, description: number): number {
  const free = process.descriptors.indexOf(0);
  const descriptor = free === -1 ? process.descriptors.length : free;
  const descriptors = process.descriptors.slice();
  descriptors[descriptor] = description;
  draft.replace({ ...process, descriptors });
  return descriptor;
}

/** The pages of a fresh buffer by contract: the same for every open, copied when they are first written. */
const freshPages = new WeakMap<Contract, readonly Uint8Array[]>();

function initialPages(contract: Contract): readonly Uint8Array[] {
  const known = freshPages.get(contract);
  if (known !== undefined) return known;
  const pages = Array.from({ length: contract.buffer.pages }, (_, page) => {
    const bytes = new Uint8Array(PAGE);
    const text = contract.buffer.initial.slice(page * PAGE, (page + 1) * PAGE);
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
    return bytes;
  });
  freshPages.set(contract, pages);
  return pages;
}

/** The first frame of a fresh buffer with its initial bytes. */
export function newBuffer(draft: Draft): number {
  const first = draft.nextId;
  const pages = initialPages(draft.contract);
  draft.nextId += pages.length;
  draft.addFrames(first, pages);
  return first;
}

/** The frame of the device's only buffer when the device owns it: made with the initial state, so always the first id. */
export const DEVICE_BUFFER = 1;

export function open(draft: Draft, process: Process, op: Op<'open'>): Outcome {
  const ownedByDevice = draft.contract.buffer.owner === 'device';
  const description: Description = {
    id: draft.id(),
    readable: op.access !== 'wo',
    writable: op.access !== 'ro',
    position: 0,
    buffer: ownedByDevice ? DEVICE_BUFFER : newBuffer(draft),
  };
  draft.setDescription(description);
  const descriptor = install(draft, process, description.id);
  draft.bindDescriptor(op.to, descriptor);
  draft.callback('open', '', 'OPEN-02');
  return succeed(draft, descriptor, 'OPEN-01');
}

export function close(draft: Draft, process: Process, op: Op<'close'>): Outcome {
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  const descriptors = process.descriptors.with(draft.descriptors.get(op.fd) ?? -1, 0);
  draft.replace({ ...process, descriptors });
  draft.drop(description.id);
  return succeed(draft, 0, 'FD-03');
}

export function dup(draft: Draft, process: Process, op: Op<'dup'>): Outcome {
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) {
    draft.bindDescriptor(op.to, -1);
    return fail(draft, 'EBADF', 'FD-02');
  }
  const descriptor = install(draft, process, description.id);
  draft.bindDescriptor(op.to, descriptor);
  return succeed(draft, descriptor, 'FD-01');
}

export function read(draft: Draft, process: Process, op: Op<'read'>): Outcome {
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  if (!description.readable) return fail(draft, 'EBADF', 'READ-03');
  const outcome = transferOut(draft, description, description.position, description.position, op.length);
  if ('ret' in outcome) {
    draft.setDescription({ ...description, position: description.position + outcome.ret });
  }
  return outcome;
}

export function pread(draft: Draft, process: Process, op: Op<'pread'>): Outcome {
  const position = positioned(draft, process, op.fd, op.offset, op.length, 'read');
  if ('errno' in position) return position;
  draft.outcomeClauses.push('READ-04');
  return transferOut(draft, position.description, Number(position.offset), position.offset, op.length);
}

/** What the driver's `read` does: copies from `position`, up to the readable size. It logs the position exactly, as 64 bits. */
function transferOut(
  draft: Draft,
  description: Description,
  position: number,
  logged: number | bigint,
  length: number,
): Outcome {
  draft.callback('read', `len=${String(length)} pos=${logged.toString()}`, 'READ-07');
  const count = Math.max(0, Math.min(length, draft.contract.read.size - position));
  if (count === 0) {
    draft.outcomeClauses.push(length === 0 ? 'READ-08' : 'READ-02');
    return { ret: 0, data: '' };
  }
  const data = encodeBytes(bufferBytes(draft, description, position, count));
  const owner = draft.contract.buffer.owner === 'device' ? 'BUF-02' : 'BUF-01';
  // What a fresh buffer shows at its start tells more about whose buffer it is than about reading.
  const fresh = position === 0 && data === encodeBytes(initialBytes(draft.contract, count));
  draft.outcomeClauses.push(...(fresh ? ['READ-01', owner] : [owner, 'READ-01']));
  return { ret: count, data };
}

/** The first bytes of a new buffer. */
function initialBytes(contract: Contract, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const { initial } = contract.buffer;
  for (let index = 0; index < count && index < initial.length; index++) bytes[index] = initial.charCodeAt(index);
  return bytes;
}

function bufferBytes(draft: Draft, description: Description, position: number, count: number): Uint8Array {
  const offset = position % PAGE;
  if (offset + count <= PAGE) {
    return draft.bytes(description.buffer + Math.floor(position / PAGE)).subarray(offset, offset + count);
  }
  const bytes = new Uint8Array(count);
  for (let done = 0; done < count;) {
    const at = position + done;
    const from = at % PAGE;
    const part = Math.min(PAGE - from, count - done);
    bytes.set(draft.bytes(description.buffer + Math.floor(at / PAGE)).subarray(from, from + part), done);
    done += part;
  }
  return bytes;
}

export function write(draft: Draft, process: Process, op: Op<'write'>): Outcome {
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  if (!description.writable) return fail(draft, 'EBADF', 'WRITE-04');
  const outcome = transferIn(draft, description, description.position, description.position, expandData(op.data));
  if ('ret' in outcome && draft.contract.write.position === 'honoured') {
    draft.setDescription({ ...description, position: description.position + outcome.ret });
  }
  return outcome;
}

export function pwrite(draft: Draft, process: Process, op: Op<'pwrite'>): Outcome {
  const position = positioned(draft, process, op.fd, op.offset, op.data.length, 'write');
  if ('errno' in position) return position;
  draft.outcomeClauses.push('WRITE-07');
  return transferIn(draft, position.description, Number(position.offset), position.offset, expandData(op.data));
}

/** What the driver's `write` does. */
function transferIn(
  draft: Draft,
  description: Description,
  position: number,
  logged: number | bigint,
  data: Uint8Array,
): Outcome {
  const { write: rules } = draft.contract;
  draft.callback('write', `len=${String(data.length)} pos=${logged.toString()}`, 'WRITE-08');
  const start = rules.position === 'ignored' ? 0 : position;
  if (rules.position === 'honoured' && start >= rules.size) {
    if (rules.atEnd === 'ENOSPC') return fail(draft, 'ENOSPC', 'WRITE-03');
    return succeed(draft, 0, 'WRITE-03');
  }
  const count = Math.min(data.length, rules.size - start);
  for (let done = 0; done < count;) {
    const at = start + done;
    const from = at % PAGE;
    const part = Math.min(PAGE - from, count - done);
    draft.writable(description.buffer + Math.floor(at / PAGE)).set(data.subarray(done, done + part), from);
    done += part;
  }
  const clause = rules.position === 'ignored' ? 'WRITE-02' : 'WRITE-01';
  return succeed(draft, rules.returns === 'length' ? data.length : count, clause);
}

type Positioned = { description: Description; offset: bigint } | { errno: string };

/** The checks of `ksys_pread64`/`ksys_pwrite64`, `vfs_read`/`vfs_write` and `rw_verify_area`, in their order. */
function positioned(
  draft: Draft,
  process: Process,
  variable: string,
  wireOffset: Int64,
  length: number,
  direction: 'read' | 'write',
): Positioned {
  const prefix = direction === 'read' ? 'READ' : 'WRITE';
  const error = (errno: string, clause: string): { errno: string } => {
    draft.outcomeClauses.push(clause);
    return { errno };
  };
  const offset = toSigned(wireOffset);
  if (offset < 0n) return error('EINVAL', `${prefix}-05`);
  const description = lookUp(draft, process, variable);
  if (description === undefined) return error('EBADF', 'FD-02');
  if (!draft.contract.positioned) return error('ESPIPE', 'SEEK-02');
  const allowed = direction === 'read' ? description.readable : description.writable;
  if (!allowed) return error('EBADF', direction === 'read' ? 'READ-03' : 'WRITE-04');
  if (offset + BigInt(length) > OFFSET_MAX) return error('EINVAL', `${prefix}-06`);
  return { description, offset };
}

export function lseek(draft: Draft, process: Process, op: Op<'lseek'>): Outcome {
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  if (op.whence === 'bad') return fail(draft, 'EINVAL', 'SEEK-03');
  if (draft.contract.lseek === 'none') return fail(draft, 'ESPIPE', 'SEEK-01');
  if (atLeast(draft.kernel, 6, 0)) return fail(draft, 'ESPIPE', 'SEEK-04');
  throw new Error(`model: lseek on a proc file of Linux ${draft.kernel.release} is not described yet`);
}
