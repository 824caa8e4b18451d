import { findVma } from '../areas/areas.ts';
import { onfaultIgnoresProtection, pinningUnshares } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { copy, faultIn, isSharedCopy } from './faults.ts';
import { changePage } from './pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { GUARD, type Page, type Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** mm/gup.c: how the kernel gets at pages of a process on behalf of a system call. */

export interface How {
  readonly write: boolean;
  /** FOLL_FORCE: reading needs VM_MAYREAD only, writing breaks copy-on-write in areas that cannot be written. */
  readonly force: boolean;
  /** FOLL_PIN: what is pinned may not be shared with others. */
  readonly pins: boolean;
}

/** `__get_user_pages`: page after page, until one cannot be had. Those that were there or could be brought in. */
export function getPages(draft: Draft, process: ProcessDraft, start: number, count: number, how: How): Page[] {
  const pages: Page[] = [];
  for (let page = start; page < start + count; page++) {
    const vma = findVma(process.vmas, page);
    if (vma === undefined || !isAllowed(vma, how)) break;
    const got = getPage(draft, process, vma, page, how);
    if (got === undefined) break;
    pages.push(got);
  }
  return pages;
}

/** Whether the kernel takes none of the pages for its own, so that it does not get at them (VM_IO, VM_PFNMAP). */
export function isOutOfReach(flags: number): boolean {
  return (flags & (flag.VM_IO | flag.VM_PFNMAP)) !== 0;
}

/** `check_vma_flags`. */
export function isAllowed({ flags }: Vma, { write, force }: How): boolean {
  if (isOutOfReach(flags)) return false;
  if (write) {
    const isPrivate = (flags & (flag.VM_SHARED | flag.VM_MAYWRITE)) === flag.VM_MAYWRITE;
    return (flags & flag.VM_WRITE) !== 0 || (force && isPrivate);
  }
  return (flags & flag.VM_READ) !== 0 || (force && (flags & flag.VM_MAYREAD) !== 0);
}

/** `follow_page_mask`, and `faultin_page` when the page is not there as it is wanted. */
function getPage(draft: Draft, process: ProcessDraft, vma: Vma, page: number, { write, pins }: How): Page | undefined {
  const present = process.pages.get(page);
  if (present?.frame === GUARD) return undefined;
  if (present !== undefined) {
    if (!write) {
      const unshares = pins && present.anonymous && pinningUnshares(draft.kernel);
      if (!unshares || !isSharedCopy(draft, process, page, present)) return present;
      return unshare(draft, process, vma, page, present);
    }
    if (present.writable || mayFollowForced(draft, process, vma, page, present)) return present;
  }
  const access = faultIn(draft, process, vma, page, write);
  return 'signal' in access ? undefined : access;
}

/** `can_follow_write_pte`: a private copy in an area that cannot be written needs no fault, unless it has to be tracked. */
function mayFollowForced(draft: Draft, process: ProcessDraft, vma: Vma, page: number, present: Page): boolean {
  const tracked = draft.kernel.facts.softDirty && (vma.flags & flag.VM_SOFTDIRTY) === 0 && !present.softDirty;
  return (
    (vma.flags & flag.VM_WRITE) === 0 && present.anonymous && !tracked && !isSharedCopy(draft, process, page, present)
  );
}

/** FAULT_FLAG_UNSHARE: a copy that is not writable and as soft-dirty as the original. */
function unshare(draft: Draft, process: ProcessDraft, vma: Vma, page: number, present: Page): Page {
  const { softDirty } = present;
  const own = copy(draft, process, vma, page, present.frame, 'COW-06');
  return changePage(draft, process, page, { ...own, writable: false, softDirty, dirty: false });
}

/**
 * `populate_vma_page_range` for a part of one area: up to the first page that cannot be had. How many pages from the first are
 * there now.
 */
export function populateArea(draft: Draft, process: ProcessDraft, vma: Vma, start: number, end: number): number {
  const pages = end - start;
  const isOnFault = (vma.flags & flag.VM_LOCKONFAULT) !== 0;
  if (isOnFault && onfaultIgnoresProtection(draft.kernel)) return pages;
  if ((vma.flags & flag.VM_ACCESS_FLAGS) === 0) return 0;
  if (isOnFault) return pages;
  const write = (vma.flags & (flag.VM_WRITE | flag.VM_SHARED)) === flag.VM_WRITE;
  return getPages(draft, process, start, pages, { write, force: !write, pins: false }).length;
}

/**
 * `__mm_populate`: area by area; holes are skipped. A page that fails behind some that did not is asked for twice: the pages
 * before it count first, and it begins the next round. An error ends it, or only the area where it came from. Whether all could
 * be had.
 */
export function populate(
  draft: Draft,
  process: ProcessDraft,
  start: number,
  end: number,
  ignoreErrors: boolean,
): boolean {
  for (const area of process.vmas) {
    if (isOutOfReach(area.flags)) continue;
    const to = Math.min(area.end, end);
    for (let page = Math.max(area.start, start); page < to;) {
      const vma = findVma(process.vmas, page);
      if (vma === undefined) break;
      const pages = populateArea(draft, process, vma, page, to);
      page += pages;
      if (pages > 0) continue;
      if (!ignoreErrors) return false;
      break;
    }
  }
  return true;
}
