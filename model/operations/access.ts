import type { ClauseId } from '../../spec/clauses.ts';
import type { Errno } from '../errno.ts';
import { encodeBytes, expandData } from '../../spec/bytes.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { findVma } from '../areas/areas.ts';
import type { Draft } from '../draft.ts';
import { type Fault, pageForRead, pageForWrite } from '../memory/faults.ts';
import { getPages, type How, isOutOfReach } from '../memory/gup.ts';
import { fail, type Performers, succeed } from '../outcome.ts';
import { PAGE_SIZE, resolve, safe } from '../areas/place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process } from '../state.ts';

/** A part of a range of bytes that lies in one page. */
interface Part {
  readonly page: number;
  /** Bytes from the start of the page. */
  readonly offset: number;
  readonly length: number;
}

/** The part of `length` bytes at `at` that begins behind `done` bytes. */
export function nextPart(at: number, done: number, length: number): Part {
  const page = Math.floor((at + done) / PAGE_SIZE);
  const offset = at + done - page * PAGE_SIZE;
  return { page, offset, length: Math.min(PAGE_SIZE - offset, length - done) };
}

/** Reads byte by byte, ascending; the first byte that cannot be read ends it with a signal. */
function load(draft: Draft, process: ProcessDraft, op: Op<'load'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  const bytes = new Uint8Array(op.length);
  for (let done = 0; done < op.length;) {
    const part = nextPart(at, done, op.length);
    const result = pageForRead(draft, process, part.page);
    if ('signal' in result) return signal(draft, result, done, encodeBytes(bytes.subarray(0, done)));
    bytes.set(draft.bytes(result.frame).subarray(part.offset, part.offset + part.length), done);
    done += part.length;
  }
  return { ...succeed(draft, op.length, dataClause(draft, process, at)), data: encodeBytes(bytes) };
}

/** Where the bytes of the first page come from decides which clause speaks for them. */
function dataClause(draft: Draft, process: Process, at: number): ClauseId {
  const entry = process.pages.get(Math.floor(at / PAGE_SIZE));
  if (entry?.anonymous === true) return 'COW-05';
  return draft.contract.fault === 'first' ? 'ALIAS-01' : 'ALIAS-02';
}

/** Writes byte by byte, ascending; bytes before a fault stay written. */
function store(draft: Draft, process: ProcessDraft, op: Op<'store'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  const data = expandData(op.data);
  if (!safe(draft.kernel.facts, at, data.length, 'wraps')) return { none: 'unsafe' };
  for (let done = 0; done < data.length;) {
    const part = nextPart(at, done, data.length);
    const result = pageForWrite(draft, process, part.page);
    if ('signal' in result) return signal(draft, result, done);
    draft.writable(result.frame).set(data.subarray(done, done + part.length), part.offset);
    done += part.length;
  }
  return succeed(draft, data.length, 'ALIAS-03');
}

function signal(draft: Draft, fault: Fault, at: number, data?: string): Outcome {
  draft.outcomeClauses.push(fault.clause);
  const outcome = { signal: fault.signal, code: fault.code, at };
  return data === undefined ? outcome : { ...outcome, data };
}

/** Another process' range, or why there is none. */
function remote(
  draft: Draft,
  op: Op<'vm_read' | 'vm_write' | 'mem_read' | 'mem_write'>,
  length: number,
): { owner: ProcessDraft; at: number } | Outcome {
  const owner = draft.process(op.of);
  const at = resolve(draft, op.at);
  if (owner === undefined || at === undefined) return { none: 'unbound' };
  return safe(draft.kernel.facts, at, length, 'wraps') ? { owner, at } : { none: 'unsafe' };
}

/** A transfer of `length` bytes between memory of a process and somewhere else, part by part of a page. */
interface RemoteTransfer {
  readonly owner: ProcessDraft;
  /** Bytes from the start of the arena. */
  readonly at: number;
  readonly length: number;
  readonly write: boolean;
  readonly copyPart: (frame: number, part: Part, from: number) => void;
}

/** One way into another process' memory: how it copies, and the clauses that say what comes of it. */
interface Way {
  /** Returns how many bytes were copied. */
  readonly copy: (draft: Draft, transfer: RemoteTransfer) => number;
  /** When not even the first byte can be had. */
  readonly errno: Errno;
  readonly refused: ClauseId;
  readonly short: ClauseId;
  readonly read: (draft: Draft) => ClauseId;
  readonly written: ClauseId;
}

const VM: Way = {
  copy: pinAndCopy,
  errno: 'EFAULT',
  refused: 'REMOTE-03',
  short: 'REMOTE-04',
  read: () => 'REMOTE-01',
  written: 'REMOTE-02',
};

const MEM: Way = {
  copy: accessRemote,
  errno: 'EIO',
  refused: 'REMOTE-07',
  short: 'REMOTE-08',
  read: ({ kernel }) => (kernel.facts.memForce ? 'REMOTE-05' : 'REMOTE-10'),
  written: 'REMOTE-06',
};

/** What speaks against the first byte: where it lies, or who wants to get at it. */
function refusedBy({ owner, at }: { owner: Process; at: number }, way: Way): ClauseId {
  const flags = findVma(owner.vmas, Math.floor(at / PAGE_SIZE))?.flags ?? 0;
  return isOutOfReach(flags) ? 'PLACE-07' : way.refused;
}

function readRemote(draft: Draft, op: Op<'vm_read' | 'mem_read'>, way: Way): Outcome {
  const found = remote(draft, op, op.length);
  if (!('owner' in found)) return found;
  const bytes = new Uint8Array(op.length);
  const copyPart: RemoteTransfer['copyPart'] = (frame, part, from) => {
    bytes.set(draft.bytes(frame).subarray(part.offset, part.offset + part.length), from);
  };
  const done = way.copy(draft, { ...found, length: op.length, write: false, copyPart });
  if (op.length > 0 && done === 0) return fail(draft, way.errno, refusedBy(found, way));
  const clause = done < op.length ? way.short : way.read(draft);
  return { ...succeed(draft, done, clause), data: encodeBytes(bytes.subarray(0, done)) };
}

function writeRemote(draft: Draft, op: Op<'vm_write' | 'mem_write'>, way: Way): Outcome {
  const data = expandData(op.data);
  const found = remote(draft, op, data.length);
  if (!('owner' in found)) return found;
  const copyPart: RemoteTransfer['copyPart'] = (frame, part, from) => {
    draft.writable(frame).set(data.subarray(from, from + part.length), part.offset);
  };
  const done = way.copy(draft, { ...found, length: data.length, write: true, copyPart });
  if (data.length > 0 && done === 0) return fail(draft, way.errno, refusedBy(found, way));
  return succeed(draft, done, done < data.length ? way.short : way.written);
}

/** mm/process_vm_access.c: the pages are pinned together, in rounds of as many as can be had, and then copied. */
function pinAndCopy(draft: Draft, { owner, at, length, write, copyPart }: RemoteTransfer): number {
  let done = 0;
  while (done < length) {
    const first = Math.floor((at + done) / PAGE_SIZE);
    const count = Math.floor((at + length - 1) / PAGE_SIZE) - first + 1;
    const got = getPages(draft, owner, first, count, { write, force: false, pins: true });
    if (got.length === 0) break;
    for (const { frame } of got) {
      const part = nextPart(at, done, length);
      copyPart(frame, part, done);
      done += part.length;
    }
  }
  return done;
}

/** fs/proc/base.c `mem_rw`: pieces of a page's length, each of which ends early where a page cannot be had. */
function accessRemote(draft: Draft, { owner, at, length, write, copyPart }: RemoteTransfer): number {
  const how: How = { write, force: draft.kernel.facts.memForce, pins: false };
  let copied = 0;
  while (copied < length) {
    const pieceEnd = Math.min(length, copied + PAGE_SIZE);
    const before = copied;
    while (copied < pieceEnd) {
      const part = nextPart(at, copied, pieceEnd);
      const frame = getPages(draft, owner, part.page, 1, how)[0]?.frame;
      if (frame === undefined) break;
      copyPart(frame, part, copied);
      copied += part.length;
    }
    if (copied === before) break;
  }
  return copied;
}

export const access = {
  load,
  store,
  vm_read: (draft, _process, op) => readRemote(draft, op, VM),
  vm_write: (draft, _process, op) => writeRemote(draft, op, VM),
  mem_read: (draft, _process, op) => readRemote(draft, op, MEM),
  mem_write: (draft, _process, op) => writeRemote(draft, op, MEM),
} satisfies Performers<'load' | 'store' | 'vm_read' | 'vm_write' | 'mem_read' | 'mem_write'>;
