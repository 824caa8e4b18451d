import type { ClauseId } from '../../spec/clauses.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { findVma, firstBehind, isSpecial, lockedPages } from './areas.ts';
import { munlockKeepsSoftDirty } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { populate } from '../memory/gup.ts';
import { modifyFlags } from './merge.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process } from '../state.ts';
import { VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SOFTDIRTY } from '../vm-flags.ts';

/** mm/mlock.c. */

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The pages that a range touches; undefined for an unbound address. */
function pagesOf(draft: Draft, op: Op<'mlock' | 'munlock'>): Range | 'unbound' | 'unsafe' {
  const at = resolve(draft, op.at);
  if (at === undefined) return 'unbound';
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return 'unsafe';
  const start = Math.floor(at / PAGE_SIZE);
  const offset = at - start * PAGE_SIZE;
  // A length that wraps becomes a small one together with the part of the page before the address.
  const length = pageCount(op.length) === 'wraps' ? wrapped(op.length, offset) : Number(op.length) + offset;
  return { start, end: start + Math.ceil(length / PAGE_SIZE) };
}

/** Bytes: PAGE_ALIGN(length + offset) of a length that is less than a page short of 2^64. */
function wrapped(length: Op<'mlock'>['length'], offset: number): number {
  const sum = BigInt.asUintN(64, BigInt(length) + BigInt(offset));
  return sum < 2n ** 32n ? Number(sum) : 0;
}

/** `mlock` and `mlock2`. */
export function mlock(draft: Draft, process: ProcessDraft, op: Op<'mlock'>): Outcome {
  const range = pagesOf(draft, op);
  if (typeof range === 'string') return { none: range };
  if (op.flags?.includes('unknown') === true) return fail(draft, 'EINVAL', 'LOCK-02');
  const { locked: limit } = draft.setting;
  if (limit === 0) return fail(draft, 'EPERM', 'LOCK-18');
  const { start, end } = range;
  if (limit !== undefined) {
    let wanted = end - start + lockedPages(process);
    if (wanted > limit) wanted -= alreadyLocked(process, range);
    if (wanted > limit) return fail(draft, 'ENOMEM', 'LOCK-20');
  }
  const flags = VM_LOCKED | (op.flags?.includes('onfault') === true ? VM_LOCKONFAULT : 0);
  const applied = applyFlags(draft, process, range, flags);
  if (applied !== undefined) return fail(draft, 'ENOMEM', applied);
  if (!populate(draft, process, start, end, false)) return fail(draft, 'ENOMEM', 'LOCK-08');
  return succeed(draft, 0, start === end ? 'LOCK-09' : (flags & VM_LOCKONFAULT) !== 0 ? 'LOCK-03' : 'LOCK-01');
}

/** `count_mm_mlocked_page_nr`. */
function alreadyLocked(process: Process, { start, end }: Range): number {
  let pages = 0;
  for (const vma of process.vmas) {
    if ((vma.flags & VM_LOCKED) === 0 || vma.end <= start || vma.start >= end) continue;
    pages += Math.min(end, vma.end) - Math.max(start, vma.start);
  }
  return pages;
}

export function munlock(draft: Draft, process: ProcessDraft, op: Op<'munlock'>): Outcome {
  const range = pagesOf(draft, op);
  if (typeof range === 'string') return { none: range };
  const applied = applyFlags(draft, process, range, 0);
  return applied === undefined ? succeed(draft, 0, 'LOCK-10') : fail(draft, 'ENOMEM', applied);
}

/** `apply_vma_lock_flags`: area by area, up to the first hole. The clause of an ENOMEM; undefined for success. */
function applyFlags(draft: Draft, process: ProcessDraft, { start, end }: Range, flags: number): ClauseId | undefined {
  for (let page = start; page < end;) {
    const vma = findVma(process.vmas, page);
    if (vma === undefined) return 'LOCK-07';
    const to = Math.min(end, vma.end);
    if (!fixUp(draft, process, page, to, flags)) return 'AREA-03';
    page = Math.max(to, findVma(process.vmas, page)?.end ?? to);
  }
  return undefined;
}

/** `mlock_fixup`: special areas are left as they are. False when there is no room for another area. */
function fixUp(draft: Draft, process: ProcessDraft, start: number, end: number, locked: number): boolean {
  const vma = findVma(process.vmas, start);
  if (vma === undefined) return true;
  const flags = (vma.flags & ~VM_LOCKED_MASK) | locked;
  if (flags === vma.flags) return true;
  if (isSpecial(vma.flags)) {
    draft.layoutClauses.push('LOCK-11');
    return true;
  }
  const keeps = locked === 0 && munlockKeepsSoftDirty(draft.kernel) ? VM_SOFTDIRTY : 0;
  const { done } = modifyFlags(draft, process, vma, { start, end, flags, clause: 'LOCK-12', keeps });
  if (done) draft.layoutClauses.push('LOCK-13');
  return done;
}

export function mlockall(draft: Draft, process: ProcessDraft, op: Op<'mlockall'>): Outcome {
  const has = (name: Op<'mlockall'>['flags'][number]): boolean => op.flags.includes(name);
  const { locked: limit } = draft.setting;
  if (has('current') && !has('onfault') && !has('unknown') && limit === undefined) return { none: 'unsafe' };
  if (has('unknown') || (!has('current') && !has('future'))) return fail(draft, 'EINVAL', 'LOCK-14');
  if (limit === 0) return fail(draft, 'EPERM', 'LOCK-18');
  // What the target itself has mapped is more than any limit.
  if (has('current') && limit !== undefined) return fail(draft, 'ENOMEM', 'LOCK-20');
  const onFault = has('onfault') ? VM_LOCKONFAULT : 0;
  const future = has('future') ? VM_LOCKED | onFault : 0;
  process.futureFlags = future;
  if (has('current')) {
    lockCurrent(draft, process, VM_LOCKED | onFault);
    populate(draft, process, -Infinity, Infinity, true);
  }
  return succeed(draft, 0, has('current') ? 'LOCK-15' : 'LOCK-16');
}

export function munlockall(draft: Draft, process: ProcessDraft): Outcome {
  process.futureFlags = 0;
  lockCurrent(draft, process, 0);
  return succeed(draft, 0, 'LOCK-17');
}

/** `apply_mlockall_flags` for the areas that exist; errors are ignored. */
function lockCurrent(draft: Draft, process: ProcessDraft, locked: number): void {
  let page = -Infinity;
  for (;;) {
    const vma = firstBehind(process.vmas, page);
    if (vma === undefined) return;
    fixUp(draft, process, vma.start, vma.end, locked);
    page = findVma(process.vmas, vma.start)?.end ?? vma.end;
  }
}
