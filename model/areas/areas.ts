import type { ClauseId } from '../../spec/clauses.ts';
import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process, Vma } from '../state.ts';
import { VM_DONTEXPAND, VM_IO, VM_LOCKED, VM_MIXEDMAP, VM_PFNMAP } from '../vm-flags.ts';

/** The area that holds a page. */
export function findVma(vmas: readonly Vma[], page: number): Vma | undefined {
  for (const vma of vmas) if (page < vma.end) return page >= vma.start ? vma : undefined;
  return undefined;
}

/** The first area that ends behind a page, whether or not it holds it. */
export function firstBehind(vmas: readonly Vma[], page: number): Vma | undefined {
  for (const vma of vmas) if (page < vma.end) return vma;
  return undefined;
}

/** The part of an area from `start` to `end`, its offsets moved along. */
export function slice(vma: Vma, start: number, end: number): Vma {
  const delta = start - vma.start;
  return { ...vma, start, end, pgoff: vma.pgoff + delta, anonPgoff: vma.anonPgoff + delta };
}

/** `VM_SPECIAL`: areas that never merge and are never locked. */
export function isSpecial(flags: number): boolean {
  return (flags & (VM_DONTEXPAND | VM_IO | VM_PFNMAP | VM_MIXEDMAP)) !== 0;
}

/** Whether mremap may neither make the area longer nor leave it without pages. */
export function isFixedInSize(flags: number): boolean {
  return (flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0;
}

/** `mm->total_vm`, as far as the program has mapped it. Pages. */
export function mappedPages(process: Process): number {
  let pages = 0;
  for (const vma of process.vmas) pages += vma.end - vma.start;
  return pages;
}

/** `mm->locked_vm`. Pages. */
export function lockedPages(process: Process): number {
  let pages = process.miscountedLocks;
  for (const vma of process.vmas) if ((vma.flags & VM_LOCKED) !== 0) pages += vma.end - vma.start;
  return pages;
}

/** mm/mmap.c `may_expand_vm`: RLIMIT_AS. */
export function mayExpand(draft: Draft, process: Process, pages: number): boolean {
  const limit = draft.setting.addressSpace;
  return limit === undefined || mappedPages(process) + pages <= limit;
}

/** mm/mmap.c `mlock_future_ok`: RLIMIT_MEMLOCK. */
export function mayLock(draft: Draft, process: Process, pages: number): boolean {
  const limit = draft.setting.locked;
  return limit === undefined || lockedPages(process) + pages <= limit;
}

/** Whether one more area would exceed vm.max_map_count, of which `reserve` areas are to stay free. */
export function isCrowded(draft: Draft, process: Process, reserve = 0): boolean {
  const limit = draft.setting.areas;
  return limit !== undefined && process.vmas.length >= limit - reserve;
}

/**
 * mm/vma.c `__split_vma`: the area that holds the page is divided there, unless it begins there. The driver's `vm_open` runs
 * for the new part.
 */
export function splitAt(draft: Draft, process: ProcessDraft, page: number, clause: ClauseId): void {
  const vma = findVma(process.vmas, page);
  if (vma === undefined || vma.start === page) return;
  const index = process.vmas.indexOf(vma);
  process.vmas = process.vmas.toSpliced(index, 1, slice(vma, vma.start, page), slice(vma, page, vma.end));
  if (draft.contract.vmOperations.open) draft.callback('vm_open', '', clause);
  draft.layoutClauses.push('VMA-05');
}
