import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { findVma } from './areas.ts';
import { mprotectTracksSoftDirty, mprotectUpgradesClean, mprotectUpgradesPrivate } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { isSharedCopy, mapsWritable } from '../memory/faults.ts';
import { populateArea } from '../memory/gup.ts';
import { modifyFlags } from './merge.ts';
import { fail, succeed } from '../outcome.ts';
import { mapPages } from '../memory/pages.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { GUARD, type Page, type Process, type Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** mm/mprotect.c `do_mprotect_pkey`: area by area; what was changed before an error stays changed. */
export function mprotect(draft: Draft, process: ProcessDraft, op: Op<'mprotect'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'PROT-02');
  const pages = pageCount(op.length);
  if (pages === 'zero') return succeed(draft, 0, 'PROT-03');
  if (typeof pages !== 'number') return fail(draft, 'ENOMEM', 'PROT-08');
  const start = at / PAGE_SIZE;
  const end = start + pages;
  const access = flag.accessFlags(op.prot);

  for (let page = start; page < end;) {
    const vma = findVma(process.vmas, page);
    if (vma === undefined) return fail(draft, 'ENOMEM', page === start ? 'PROT-04' : 'PROT-07');
    const to = Math.min(end, vma.end);
    let flags = (vma.flags & ~flag.VM_ACCESS_FLAGS) | access;
    if ((flags & ~(flags >> 4) & flag.VM_ACCESS_FLAGS) !== 0) return fail(draft, 'EACCES', 'PROT-05');
    if (flags === vma.flags) {
      page = to;
      continue;
    }
    const free = flag.VM_ACCOUNT | flag.VM_WRITE | flag.VM_SHARED | flag.VM_NORESERVE;
    if ((flags & flag.VM_WRITE) !== 0 && (vma.flags & free) === 0) {
      if (to - page > draft.kernel.facts.memoryPages) return fail(draft, 'ENOMEM', 'PROT-09');
      flags |= flag.VM_ACCOUNT;
    }
    const modified = modifyFlags(draft, process, vma, { start: page, end: to, flags, clause: 'PROT-06' });
    if (!modified.done) return fail(draft, 'ENOMEM', 'AREA-03');
    draft.layoutClauses.push('PROT-10');
    // `vm_page_prot` of an area that takes the part in is not renewed yet when `vma_wants_writenotify` looks at it, and one
    // that the flags do not call for is taken for the driver's own.
    const joinsWritable = modified.joined !== undefined && mapsWritable(draft, modified.joined);
    changeProtection(draft, process, page, to, joinsWritable);
    const becomesWritable = (vma.flags & (flag.VM_WRITE | flag.VM_SHARED | flag.VM_LOCKED)) === flag.VM_LOCKED;
    const area = findVma(process.vmas, page);
    if (area === undefined) throw new Error('model: the area that was protected is gone');
    if (becomesWritable && (flags & flag.VM_WRITE) !== 0) {
      draft.framesClauses.push('LOCK-05');
      populateArea(draft, process, area, page, to);
    }
    // A merge may have taken in what follows, which then has these flags already.
    page = Math.max(to, area.end);
  }
  return succeed(draft, 0, 'PROT-01');
}

/** `change_protection`: present pages stay present; which of them may be written without a fault changes. */
function changeProtection(draft: Draft, process: ProcessDraft, start: number, end: number, joined: boolean): void {
  const vma = findVma(process.vmas, start);
  if (vma === undefined) return;
  mapPages(draft, process, start, end, (entry, page) => {
    if (entry.frame === GUARD) return entry;
    const writable = mapsWritable(draft, vma) || staysWritable(draft, process, vma, page, entry, joined);
    return writable === entry.writable && entry.known ? entry : { ...entry, writable, known: true };
  });
}

/** `can_change_pte_writable`: an entry that a write fault would make writable without any further ado. */
function staysWritable(draft: Draft, process: Process, vma: Vma, page: number, entry: Page, joined: boolean): boolean {
  if ((vma.flags & flag.VM_WRITE) === 0) return false;
  const { kernel } = draft;
  const isTracking = kernel.facts.softDirty && (vma.flags & flag.VM_SOFTDIRTY) === 0;
  if ((vma.flags & flag.VM_SHARED) !== 0) {
    if (!isTracking || !entry.dirty) return false;
    return entry.softDirty || (joined && !mprotectTracksSoftDirty(kernel));
  }
  if (!mprotectUpgradesPrivate(kernel) || (isTracking && !entry.softDirty)) return false;
  if (!entry.dirty && !mprotectUpgradesClean(kernel)) return false;
  return entry.anonymous && !isSharedCopy(draft, process, page, entry);
}
