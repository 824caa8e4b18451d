import type { ClauseId } from '../../spec/clauses.ts';
import { placementOf } from '../../spec/contract.ts';
import { prepareAnon } from '../areas/anon.ts';
import { findVma } from '../areas/areas.ts';
import { changePage, readsNewEntries } from './pages.ts';
import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { GUARD, type Page, type Process, type Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** Page faults: arch/x86/mm/fault.c for the access rights, mm/memory.c for what happens then. */

export interface Fault {
  readonly signal: 'SIGSEGV' | 'SIGBUS';
  readonly code: 'MAPERR' | 'ACCERR' | 'PKUERR' | 'ADRERR';
  readonly clause: ClauseId;
}

/** The entry by which memory is accessed, or why it cannot be. */
export type Access = Page | Fault;

const UNMAPPED: Fault = { signal: 'SIGSEGV', code: 'MAPERR', clause: 'FAULT-03' };
const FORBIDDEN: Fault = { signal: 'SIGSEGV', code: 'ACCERR', clause: 'FAULT-04' };
const ABSENT: Fault = { signal: 'SIGSEGV', code: 'ACCERR', clause: 'FAULT-10' };
const EXECUTE_ONLY: Fault = { signal: 'SIGSEGV', code: 'PKUERR', clause: 'FAULT-08' };
const GUARDED: Fault = { signal: 'SIGSEGV', code: 'MAPERR', clause: 'FAULT-09' };
const GONE: Fault = { signal: 'SIGBUS', code: 'ADRERR', clause: 'PLACE-03' };
const BEYOND: Fault = { signal: 'SIGBUS', code: 'ADRERR', clause: 'FAULT-07' };

/**
 * The page as a load of the processor finds it. On x86 any permission allows reading, unless keys make memory execute-only;
 * elsewhere that may hold for present pages only.
 */
export function pageForRead(draft: Draft, process: ProcessDraft, page: number): Access {
  noteLeftover(draft, process, page);
  const vma = findVma(process.vmas, page);
  if (vma === undefined) return UNMAPPED;
  if ((vma.flags & flag.VM_ACCESS_FLAGS) === 0) return FORBIDDEN;
  if (isExecuteOnly(draft, vma)) return EXECUTE_ONLY;
  if (process.pages.get(page)?.known !== true && !mayBringIn(draft, vma)) return ABSENT;
  return learn(draft, process, page, faultIn(draft, process, vma, page, false));
}

/** Whether a protection key keeps loads and stores from the area; it is looked at before the permissions (`access_error`). */
function isExecuteOnly({ kernel }: Draft, { flags }: Vma): boolean {
  return kernel.facts.executeOnly && (flags & flag.VM_ACCESS_FLAGS) === flag.VM_EXEC;
}

/** Where the host may still have a page that the process has not, whether there is a fault is up to the host. */
function noteLeftover(draft: Draft, { pages, leftovers }: Process, page: number): void {
  if (leftovers?.has(page) !== true || pages.has(page)) return;
  draft.unpredictable = 'accesses a page that its parent kept for itself, which this target may have left there';
}

/** What a fault of the process has found it can read from then on. */
function learn(draft: Draft, process: ProcessDraft, page: number, access: Access): Access {
  if ('signal' in access || access.known) return access;
  return changePage(draft, process, page, { ...access, known: true });
}

/** Whether a load may bring a page of the area in. */
function mayBringIn(draft: Draft, { flags }: Vma): boolean {
  const { absentLoadNeeds } = draft.kernel.platform;
  return absentLoadNeeds === 'any' || (flags & (flag.VM_READ | flag.VM_EXEC)) !== 0;
}

/** The page as a store of the processor finds it. */
export function pageForWrite(draft: Draft, process: ProcessDraft, page: number): Access {
  noteLeftover(draft, process, page);
  const vma = findVma(process.vmas, page);
  if (vma === undefined) return UNMAPPED;
  if (isExecuteOnly(draft, vma)) return EXECUTE_ONLY;
  if ((vma.flags & flag.VM_WRITE) === 0) return FORBIDDEN;
  const access = learn(draft, process, page, faultIn(draft, process, vma, page, true));
  if ('signal' in access || access.dirty) return access;
  // The processor sets its dirty bit, of which no level shows anything by itself.
  return changePage(draft, process, page, { ...access, dirty: true });
}

/**
 * The page as the kernel finds it where it looks into the page tables itself: what is present it may read, whatever the
 * protection says (arch/um/kernel/skas/uaccess.c `maybe_map`).
 */
export function pageForKernelRead(draft: Draft, process: ProcessDraft, page: number): Access {
  const present = process.pages.get(page);
  if (present === undefined || present.frame === GUARD) return pageForRead(draft, process, page);
  draft.outcomeClauses.push('COPY-12');
  return present;
}

/** The same for writing: it is the entry that has to allow it, and no dirty bit is set in one that does. */
export function pageForKernelWrite(draft: Draft, process: ProcessDraft, page: number): Access {
  const present = process.pages.get(page);
  if (present?.writable === true) return alreadyPresent(draft, present);
  const vma = findVma(process.vmas, page);
  if (vma === undefined) return UNMAPPED;
  return (vma.flags & flag.VM_WRITE) === 0
    ? FORBIDDEN
    : learn(draft, process, page, faultIn(draft, process, vma, page, true));
}

/** mm/memory.c `handle_pte_fault`, whatever the protection says: the caller has looked at that. */
export function faultIn(draft: Draft, process: ProcessDraft, vma: Vma, page: number, write: boolean): Access {
  const present = process.pages.get(page);
  if (present?.frame === GUARD) return GUARDED;
  if (present !== undefined) {
    if (!write || present.writable) return alreadyPresent(draft, present);
    return writeProtected(draft, process, vma, page, present);
  }
  // mm/memory.c `do_fault`: a page that was there and is gone cannot be asked for.
  if (!placementOf(draft.contract).comesBack) return GONE;
  if (write && (vma.flags & flag.VM_SHARED) === 0) return copyFault(draft, process, vma, page);
  return driverFault(draft, process, vma, page, write);
}

function alreadyPresent(draft: Draft, present: Page): Page {
  draft.outcomeClauses.push('FAULT-02');
  return present;
}

/** `do_wp_page`: what is shared, or a private copy that nobody else has, becomes writable; everything else is copied. */
function writeProtected(draft: Draft, process: ProcessDraft, vma: Vma, page: number, present: Page): Access {
  const isShared = (vma.flags & (flag.VM_SHARED | flag.VM_MAYSHARE)) !== 0;
  if (isShared || (present.anonymous && !isSharedCopy(draft, process, page, present))) {
    draft.outcomeClauses.push('FAULT-02');
    const writable = (vma.flags & flag.VM_WRITE) !== 0;
    if (!present.softDirty) draft.framesClauses.push('FRAME-06');
    return changePage(draft, process, page, { ...present, writable, softDirty: true, dirty: true, known: true });
  }
  if (present.anonymous) return copy(draft, process, vma, page, present.frame, 'COW-04');
  return copy(draft, process, prepareAnon(process, vma, draft), page, present.frame, 'COW-02');
}

/** Whether another page table entry refers to this private copy, after a fork. */
export function isSharedCopy(draft: Draft, process: Process, page: number, { frame }: Page): boolean {
  if (draft.processes.length === 1) return false;
  for (const other of draft.processes) {
    if (other.name === process.name) continue;
    for (const entry of other.pages.values()) if (entry.frame === frame) return true;
  }
  const pages = process.pages.keys();
  for (const [index, entry] of process.pages.values().entries()) {
    if (entry.frame === frame && pages[index] !== page) return true;
  }
  return false;
}

/** `do_cow_fault`: the area gets its anon_vma first, then the driver's page is copied. */
function copyFault(draft: Draft, process: ProcessDraft, vma: Vma, page: number): Access {
  const prepared = prepareAnon(process, vma, draft);
  const frame = askDriver(draft, prepared, page, true);
  if (typeof frame !== 'number') return frame;
  return copy(draft, process, prepared, page, frame, 'COW-01');
}

/** Copy-on-write: a frame of the process' own takes the place of the one that was there. */
export function copy(
  draft: Draft,
  process: ProcessDraft,
  vma: Vma,
  page: number,
  from: number,
  clause: ClauseId,
): Page {
  const frame = draft.id();
  draft.copyBytes(frame, from);
  draft.outcomeClauses.push(clause);
  draft.framesClauses.push('FRAME-03');
  const writable = (vma.flags & flag.VM_WRITE) !== 0;
  return changePage(draft, process, page, {
    frame,
    anonymous: true,
    writable,
    softDirty: true,
    dirty: true,
    known: readsNewEntries(draft),
  });
}

/** `do_read_fault` and `do_shared_fault`: the driver's page is mapped. */
function driverFault(draft: Draft, process: ProcessDraft, vma: Vma, page: number, write: boolean): Access {
  const frame = askDriver(draft, vma, page, write);
  if (typeof frame !== 'number') return frame;
  const aliases = draft.contract.fault === 'first';
  draft.framesClauses.push(aliases ? 'FRAME-01' : 'FRAME-02');
  draft.outcomeClauses.push(aliases ? 'FAULT-05' : 'FAULT-06');
  const writable = write || mapsWritable(draft, vma);
  return changePage(draft, process, page, {
    frame,
    anonymous: false,
    writable,
    softDirty: write,
    dirty: write,
    known: readsNewEntries(draft),
  });
}

/**
 * Whether `vm_page_prot` of the area has the write bit: shared and writable, and no write has to be seen
 * (`vma_wants_writenotify`, for soft-dirty).
 */
export function mapsWritable(draft: Draft, vma: Vma): boolean {
  const wanted = flag.VM_SHARED | flag.VM_WRITE | (draft.kernel.facts.softDirty ? flag.VM_SOFTDIRTY : 0);
  return (vma.flags & wanted) === wanted;
}

/** The driver's fault handler yields a page of the buffer, or SIGBUS. */
function askDriver(draft: Draft, vma: Vma, page: number, write: boolean): number | Fault {
  const pgoff = vma.pgoff + (page - vma.start);
  draft.callback('vm_fault', `pgoff=${String(pgoff)} write=${write ? '1' : '0'}`, 'FAULT-01');
  const { contract } = draft;
  if (contract.fault === 'offset' && pgoff >= contract.buffer.pages) return BEYOND;
  const description = draft.descriptions.get(vma.description);
  if (description === undefined) throw new Error('model: an area outlived its file description');
  return description.buffer + (contract.fault === 'first' ? 0 : pgoff);
}
