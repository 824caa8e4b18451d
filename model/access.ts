import { encodeBytes, expandData } from '../spec/bytes.ts';
import type { Outcome } from '../spec/observation.ts';
import type { Operation } from '../spec/program.ts';
import type { Draft } from './draft.ts';
import { succeed } from './files.ts';
import { PAGE_SIZE, resolve, safe } from './place.ts';
import type { Page, Process, Vma } from './state.ts';
import { findVma, prepareAnon } from './vma.ts';
import * as flag from './vm-flags.ts';

type Op<Name extends Operation['op']> = Extract<Operation, { op: Name }>;

interface Fault {
  readonly signal: string;
  readonly code: string;
  readonly clause: string;
}

/** Reads byte by byte, ascending; the first byte that cannot be read ends it with a signal. */
export function load(draft: Draft, process: Process, op: Op<'load'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  const bytes = new Uint8Array(op.length);
  let current = process;
  for (let done = 0; done < op.length;) {
    const page = Math.floor((at + done) / PAGE_SIZE);
    const offset = at + done - page * PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - offset, op.length - done);
    const result = forLoad(draft, current, page);
    if ('signal' in result) return signal(draft, result, done, encodeBytes(bytes.subarray(0, done)));
    current = result.process;
    bytes.set(draft.bytes(result.page.frame).subarray(offset, offset + part), done);
    done += part;
  }
  return { ...succeed(draft, op.length, dataClause(draft, current, at)), data: encodeBytes(bytes) };
}

/** Where the bytes of the first page come from decides which clause speaks for them. */
function dataClause(draft: Draft, process: Process, at: number): string {
  const entry = process.pages.get(Math.floor(at / PAGE_SIZE));
  if (entry?.anonymous === true) return 'COW-05';
  return draft.contract.fault === 'first' ? 'ALIAS-01' : 'ALIAS-02';
}

/** Writes byte by byte, ascending; bytes before a fault stay written. */
export function store(draft: Draft, process: Process, op: Op<'store'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  const data = expandData(op.data);
  if (!safe(draft.kernel.facts, at, data.length, 'wraps')) return { none: 'unsafe' };
  let current = process;
  for (let done = 0; done < data.length;) {
    const page = Math.floor((at + done) / PAGE_SIZE);
    const offset = at + done - page * PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - offset, data.length - done);
    const result = forStore(draft, current, page);
    if ('signal' in result) return signal(draft, result, done);
    current = result.process;
    draft.writable(result.page.frame).set(data.subarray(done, done + part), offset);
    done += part;
  }
  return succeed(draft, data.length, 'ALIAS-03');
}

function signal(draft: Draft, fault: Fault, at: number, data?: string): Outcome {
  draft.outcomeClauses.push(fault.clause);
  const outcome = { signal: fault.signal, code: fault.code, at };
  return data === undefined ? outcome : { ...outcome, data };
}

type Access = { process: Process; page: Page } | Fault;

const UNMAPPED: Fault = { signal: 'SIGSEGV', code: 'MAPERR', clause: 'FAULT-03' };
const FORBIDDEN: Fault = { signal: 'SIGSEGV', code: 'ACCERR', clause: 'FAULT-04' };
const EXECUTE_ONLY: Fault = { signal: 'SIGSEGV', code: 'PKUERR', clause: 'FAULT-08' };
const BEYOND: Fault = { signal: 'SIGBUS', code: 'ADRERR', clause: 'FAULT-07' };

/** Any access makes a page readable on x86, unless protection keys make execute-only memory. */
function forLoad(draft: Draft, process: Process, page: number): Access {
  const vma = findVma(process.vmas, page);
  if (vma === undefined) return UNMAPPED;
  const access = vma.flags & flag.VM_ACCESS_FLAGS;
  if (access === 0) return FORBIDDEN;
  if (access === flag.VM_EXEC && draft.kernel.facts.executeOnly) return EXECUTE_ONLY;
  const present = process.pages.get(page);
  if (present !== undefined) return alreadyPresent(draft, process, present);
  return driverFault(draft, process, vma, page, false);
}

function forStore(draft: Draft, process: Process, page: number): Access {
  const vma = findVma(process.vmas, page);
  if (vma === undefined) return UNMAPPED;
  if ((vma.flags & flag.VM_WRITE) === 0) return FORBIDDEN;
  const present = process.pages.get(page);
  if ((vma.flags & flag.VM_SHARED) !== 0) {
    return present === undefined
      ? driverFault(draft, process, vma, page, true)
      : alreadyPresent(draft, process, present);
  }
  if (present === undefined) {
    // do_cow_fault: the area gets its anon_vma first, then the driver's page is copied.
    const prepared = prepareAnon(process, vma, draft);
    const fault = driverFault(draft, prepared.process, prepared.vma, page, true);
    if ('signal' in fault) return fault;
    return copy(draft, fault.process, page, fault.page.frame, 'COW-01');
  }
  if (!present.anonymous) {
    const prepared = prepareAnon(process, vma, draft);
    return copy(draft, prepared.process, page, present.frame, 'COW-02');
  }
  if (sharedWithOthers(draft, process, present.frame)) return copy(draft, process, page, present.frame, 'COW-04');
  return alreadyPresent(draft, process, present);
}

function alreadyPresent(draft: Draft, process: Process, page: Page): Access {
  draft.outcomeClauses.push('FAULT-02');
  return { process, page };
}

/** Whether another process still maps this private copy (after a fork). */
function sharedWithOthers(draft: Draft, process: Process, frame: number): boolean {
  if (draft.processes.length === 1) return false;
  return draft.processes.some((other) => {
    if (other.name === process.name) return false;
    for (const page of other.pages.values()) if (page.frame === frame) return true;
    return false;
  });
}

function setPage(draft: Draft, process: Process, page: number, entry: Page): { process: Process; page: Page } {
  const changed = { ...process, pages: new Map(process.pages).set(page, entry) };
  draft.replace(changed);
  draft.framesTouched = true;
  return { process: changed, page: entry };
}

/** Copy-on-write: a frame of the process' own takes the place of the one that was there. */
function copy(draft: Draft, process: Process, page: number, from: number, clause: string): Access {
  const frame = draft.id();
  draft.setBytes(frame, draft.bytes(from).slice());
  draft.outcomeClauses.push(clause);
  draft.framesClauses.push('FRAME-03');
  return setPage(draft, process, page, { frame, anonymous: true });
}

/** The driver's fault handler yields a page of the buffer, which is then mapped. */
function driverFault(draft: Draft, process: Process, vma: Vma, page: number, write: boolean): Access {
  const pgoff = vma.pgoff + (page - vma.start);
  draft.callback('vm_fault', `pgoff=${String(pgoff)} write=${write ? '1' : '0'}`, 'FAULT-01');
  const { contract } = draft;
  if (contract.fault === 'offset' && pgoff >= contract.buffer.pages) return BEYOND;
  const description = draft.descriptions.get(vma.description);
  if (description === undefined) throw new Error('model: an area outlived its file description');
  const aliases = contract.fault === 'first';
  draft.framesClauses.push(aliases ? 'FRAME-01' : 'FRAME-02');
  draft.outcomeClauses.push(aliases ? 'FAULT-05' : 'FAULT-06');
  return setPage(draft, process, page, { frame: description.buffer + (aliases ? 0 : pgoff), anonymous: false });
}
