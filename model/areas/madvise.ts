import type { Advice } from '../../spec/operations/advice.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { prepareAnon } from './anon.ts';
import { findVma, firstBehind, isSpecial, slice } from './areas.ts';
import * as changes from '../changes.ts';
import type { Draft } from '../draft.ts';
import { PROC_MAX_BYTES } from '../files/file-calls.ts';
import { getPages, isAllowed, isOutOfReach } from '../memory/gup.ts';
import { modifyFlags } from './merge.ts';
import { fail, succeed } from '../outcome.ts';
import { isSharedCopy } from '../memory/faults.ts';
import { changePage, flush, mapPages, readsOldEntries, removePages } from '../memory/pages.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { GUARD, GUARD_PAGE, type Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** mm/madvise.c `do_madvise`: the advice, then the range, then area by area. */
export function madvise(draft: Draft, process: ProcessDraft, op: Op<'madvise'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  const { advice } = op;
  if (!isKnown(draft, advice)) return fail(draft, 'EINVAL', 'ADVICE-02');
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'ADVICE-03');
  const pages = pageCount(op.length);
  if (pages === 'zero') return succeed(draft, 0, 'ADVICE-04');
  if (typeof pages !== 'number') return fail(draft, 'EINVAL', 'ADVICE-05');
  if (advice === 'hwpoison' || advice === 'soft_offline') return fail(draft, 'EPERM', 'ADVICE-06');
  const start = at / PAGE_SIZE;
  if (isPopulating(advice) && changes.populateStopsAtHole(draft.kernel)) {
    return populateRange(draft, process, start, start + pages, advice) ?? succeed(draft, 0, 'ADVICE-24');
  }
  return walk(draft, process, start, start + pages, advice);
}

function isPopulating(advice: Advice): boolean {
  return advice === 'populate_read' || advice === 'populate_write';
}

/** `madvise_behavior_valid`. */
function isKnown({ kernel }: Draft, advice: Advice): boolean {
  switch (advice) {
    case 'unknown':
      return false;
    case 'populate_read':
    case 'populate_write':
      return changes.hasPopulate(kernel);
    case 'dontneed_locked':
      return changes.hasDontneedLocked(kernel);
    case 'collapse':
      return changes.hasCollapse(kernel) && kernel.facts.hugePages;
    case 'hugepage':
    case 'nohugepage':
      return kernel.facts.hugePages;
    case 'mergeable':
    case 'unmergeable':
      return kernel.facts.samePageMerging;
    case 'hwpoison':
    case 'soft_offline':
      return kernel.facts.memoryFailure;
    case 'guard_install':
    case 'guard_remove':
      return changes.hasGuards(kernel);
    default:
      return true;
  }
}

/** `madvise_walk_vmas`: holes are passed over, and make the result ENOMEM when nothing worse happens. */
function walk(draft: Draft, process: ProcessDraft, start: number, end: number, advice: Advice): Outcome {
  const hole = isPopulating(advice) ? 'ADVICE-25' : 'ADVICE-07';
  let page = start;
  let sawHole = false;
  for (;;) {
    const vma = firstBehind(process.vmas, page);
    if (vma === undefined || vma.start >= end) return fail(draft, 'ENOMEM', hole);
    if (page < vma.start) {
      sawHole = true;
      page = vma.start;
    }
    const to = Math.min(end, vma.end);
    const failed = advise(draft, process, vma, page, to, advice);
    if (failed !== undefined) return failed;
    page = Math.max(to, findVma(process.vmas, page)?.end ?? to);
    if (page >= end) return sawHole ? fail(draft, 'ENOMEM', hole) : succeed(draft, 0, 'ADVICE-01');
  }
}

/** `madvise_vma_behavior`: one area; undefined for success. */
function advise(
  draft: Draft,
  process: ProcessDraft,
  vma: Vma,
  start: number,
  end: number,
  advice: Advice,
): Outcome | undefined {
  const { flags } = vma;
  const isLocked = (flags & flag.VM_LOCKED) !== 0;
  const isRemapped = (flags & flag.VM_PFNMAP) !== 0;
  switch (advice) {
    case 'remove':
      return removeAdvice(draft, slice(vma, start, end), isLocked);
    case 'willneed':
      return undefined;
    case 'populate_read':
    case 'populate_write':
      return populateRange(draft, process, start, end, advice);
    case 'cold':
    case 'pageout':
      if (isRemapped) return fail(draft, 'EINVAL', 'PLACE-05');
      if (isLocked) return fail(draft, 'EINVAL', 'ADVICE-08');
      age(draft, process, start, end);
      return undefined;
    case 'free':
      // Only anonymous memory can be freed lazily, and that of a driver never is.
      return fail(draft, 'EINVAL', isLocked ? 'ADVICE-08' : 'ADVICE-09');
    case 'dontneed':
      if (isRemapped) return fail(draft, 'EINVAL', 'PLACE-05');
      if (isLocked) return fail(draft, 'EINVAL', 'ADVICE-08');
      zap(draft, process, start, end);
      return undefined;
    case 'dontneed_locked':
      if (isRemapped) return fail(draft, 'EINVAL', 'PLACE-05');
      zap(draft, process, start, end);
      return undefined;
    case 'collapse':
      return fail(draft, 'EINVAL', 'ADVICE-10');
    case 'guard_install':
      return installGuards(draft, process, vma, start, end);
    case 'guard_remove':
      return removeGuards(draft, process, vma, start, end);
    case 'wipeonfork':
      return fail(draft, 'EINVAL', 'ADVICE-11');
    case 'dofork':
      if ((flags & flag.VM_IO) !== 0) return fail(draft, 'EINVAL', 'PLACE-06');
      if (isSpecial(flags) && changes.doforkRefusesSpecial(draft.kernel)) return fail(draft, 'EINVAL', 'ADVICE-12');
      break;
    case 'dodump':
      if (isSpecial(flags)) return fail(draft, 'EINVAL', 'ADVICE-13');
      break;
    default:
      break;
  }
  const wanted = advised(vma, advice);
  if (wanted === flags) return undefined;
  draft.layoutClauses.push('ADVICE-14');
  if (modifyFlags(draft, process, vma, { start, end, flags: wanted, clause: 'ADVICE-15' }).done) return undefined;
  return changes.madviseTryAgain(draft.kernel) ? fail(draft, 'EAGAIN', 'AREA-06') : fail(draft, 'ENOMEM', 'AREA-05');
}

/** The flags that an advice makes of an area's. */
function advised({ flags }: Vma, advice: Advice): number {
  switch (advice) {
    case 'normal':
      return flags & ~(flag.VM_RAND_READ | flag.VM_SEQ_READ);
    case 'sequential':
      return (flags & ~flag.VM_RAND_READ) | flag.VM_SEQ_READ;
    case 'random':
      return (flags & ~flag.VM_SEQ_READ) | flag.VM_RAND_READ;
    case 'dontfork':
      return flags | flag.VM_DONTCOPY;
    case 'dofork':
      return flags & ~flag.VM_DONTCOPY;
    case 'dontdump':
      return flags | flag.VM_DONTDUMP;
    case 'dodump':
      return flags & ~flag.VM_DONTDUMP;
    case 'hugepage':
      return (flags & ~flag.VM_NOHUGEPAGE) | flag.VM_HUGEPAGE;
    case 'nohugepage':
      return (flags & ~flag.VM_HUGEPAGE) | flag.VM_NOHUGEPAGE;
    case 'mergeable':
      return isSpecial(flags) || (flags & (flag.VM_SHARED | flag.VM_MAYSHARE)) !== 0
        ? flags
        : flags | flag.VM_MERGEABLE;
    case 'unmergeable':
      return flags & ~flag.VM_MERGEABLE;
    default:
      return flags;
  }
}

/** MADV_REMOVE punches a hole into the file, which a driver's cannot have. */
function removeAdvice(draft: Draft, { flags, pgoff, start, end }: Vma, isLocked: boolean): Outcome {
  if (isLocked) return fail(draft, 'EINVAL', 'ADVICE-08');
  const needed = flag.VM_SHARED | (changes.removeAsksMayWrite(draft.kernel) ? flag.VM_MAYWRITE : flag.VM_WRITE);
  if ((flags & needed) !== needed) {
    return fail(draft, 'EACCES', changes.removeAsksMayWrite(draft.kernel) ? 'ADVICE-17' : 'ADVICE-16');
  }
  if (!draft.kernel.regular) return fail(draft, 'ENODEV', 'ADVICE-19');
  const isBeyond = BigInt(pgoff + end - start) * BigInt(PAGE_SIZE) > PROC_MAX_BYTES;
  return isBeyond ? fail(draft, 'EFBIG', 'ADVICE-26') : fail(draft, 'EOPNOTSUPP', 'ADVICE-18');
}

/**
 * `madvise_cold_or_pageout_pte_range`: private copies that nobody else has lose their accessed bits, and all that lies between
 * the first and the last of them is flushed.
 */
function age(draft: Draft, process: ProcessDraft, start: number, end: number): void {
  if (draft.kernel.platform.absentLoadNeeds === 'any') return;
  const aged = [...process.pages].filter(
    ([page, entry]) => page >= start && page < end && entry.anonymous && !isSharedCopy(draft, process, page, entry),
  );
  const pages = aged.map(([page]) => page);
  flush(draft, process, Math.min(...pages), Math.max(...pages) + 1);
  if (readsOldEntries(draft)) return;
  mapPages(draft, process, start, end, (entry, page) => (pages.includes(page) ? { ...entry, known: false } : entry));
}

/** `zap_page_range`: pages go, markers of guard regions stay. */
function zap(draft: Draft, process: ProcessDraft, start: number, end: number): void {
  draft.framesClauses.push('ADVICE-20');
  removePages(draft, process, (page, entry) => page >= start && page < end && entry.frame !== GUARD);
}

/**
 * `madvise_guard_install`: what is present goes, and every access ends with a signal from then on. A fork has to copy the
 * markers: for that the area is marked, or, before there was a mark, gets an anon_vma.
 */
function installGuards(draft: Draft, process: ProcessDraft, vma: Vma, start: number, end: number): Outcome | undefined {
  const mayHold = changes.hasFileGuards(draft.kernel);
  if (!mayHold || isSpecial(vma.flags) || (vma.flags & flag.VM_LOCKED) !== 0) {
    return fail(draft, 'EINVAL', mayHold ? 'GUARD-02' : 'GUARD-04');
  }
  const marks = changes.guardsMarkArea(draft.kernel);
  if (marks) process.replaceArea(vma, { ...vma, flags: vma.flags | flag.VM_MAYBE_GUARD });
  else prepareAnon(process, vma, draft);
  for (let page = start; page < end; page++) changePage(draft, process, page, GUARD_PAGE);
  draft.framesClauses.push('GUARD-01');
  return undefined;
}

function removeGuards(draft: Draft, process: ProcessDraft, vma: Vma, start: number, end: number): Outcome | undefined {
  if (!changes.hasFileGuards(draft.kernel) || isSpecial(vma.flags)) return fail(draft, 'EINVAL', 'GUARD-02');
  draft.framesClauses.push('GUARD-03');
  removePages(draft, process, (page, entry) => page >= start && page < end && entry.frame === GUARD);
  return undefined;
}

/** `madvise_populate`: as far as it goes. A page that fails behind others is asked for twice, as in `__mm_populate`. */
function populateRange(
  draft: Draft,
  process: ProcessDraft,
  start: number,
  end: number,
  advice: Advice,
): Outcome | undefined {
  const how = { write: advice === 'populate_write', force: false, pins: false };
  for (let page = start; page < end;) {
    const vma = findVma(process.vmas, page);
    if (vma === undefined) return fail(draft, 'ENOMEM', 'ADVICE-21');
    if (!isAllowed(vma, how)) return fail(draft, 'EINVAL', isOutOfReach(vma.flags) ? 'PLACE-07' : 'ADVICE-22');
    const got = getPages(draft, process, page, end - page, how);
    if (got.length === 0) return fail(draft, 'EFAULT', 'ADVICE-23');
    page += got.length;
  }
  draft.outcomeClauses.push('ADVICE-24');
  return undefined;
}
