import { forkAnon } from '../areas/anon.ts';
import { guardsMarkArea } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { changePage, flush, readsOldEntries } from '../memory/pages.ts';
import { ProcessDraft } from './process-draft.ts';
import { SmallMap } from '../small-map.ts';
import type { Page, Process, Vma } from '../state.ts';
import {
  VM_DONTCOPY,
  VM_LOCKED_MASK,
  VM_MAYBE_GUARD,
  VM_MAYWRITE,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
} from '../vm-flags.ts';

/** mm/mmap.c `dup_mmap`: every area is duplicated that may be; page tables only where a fault could not bring them back. */
export function forkProcess(draft: Draft, parent: ProcessDraft, name: string): void {
  const vmas: Vma[] = [];
  const pages = new SmallMap<number, Page>();
  // The copies have no accessed bit, and the new process begins with a flush of everything.
  const known = readsOldEntries(draft);
  for (const vma of parent.vmas) {
    if ((vma.flags & VM_DONTCOPY) !== 0) {
      draft.layoutClauses.push('FORK-06');
      continue;
    }
    const duplicate = vma.anon === 0 ? vma : forkAnon(draft, vma, vmas);
    if ((vma.flags & VM_LOCKED_MASK) !== 0) draft.layoutClauses.push('FORK-07');
    vmas.push({ ...duplicate, flags: duplicate.flags & ~VM_LOCKED_MASK });
    if (draft.contract.vmOperations.open) draft.callback('vm_open', '', 'FORK-02');
    const mayHaveGuards = guardsMarkArea(draft.kernel) && (vma.flags & VM_MAYBE_GUARD) !== 0;
    // What a fault could not bring back is copied in any case.
    const isPlaced = (vma.flags & (VM_PFNMAP | VM_MIXEDMAP)) !== 0;
    if (vma.anon === 0 && !mayHaveGuards && !isPlaced) {
      draft.framesClauses.push('FORK-03');
      continue;
    }
    draft.framesClauses.push(isPlaced ? 'PLACE-04' : 'FORK-04');
    const isPrivate = (vma.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
    const entries = parent.pages.values();
    for (const [index, page] of parent.pages.keys().entries()) {
      const entry = entries[index];
      if (entry === undefined || page < vma.start || page >= vma.end) continue;
      // What is shared from now on is protected in both, so that the next write is seen.
      if (isPrivate && entry.writable) {
        changePage(draft, parent, page, { ...entry, writable: false });
      }
      pages.set(page, isPrivate ? { ...entry, known, writable: false } : { ...entry, known, dirty: false });
    }
  }
  flush(draft, parent, -Infinity, Infinity);
  if (pages.size > 0) draft.framesTouched = true;
  const leftovers = draft.kernel.facts.forkLeavesPages === true ? keptPages(parent) : undefined;
  const { descriptors } = parent;
  const child = { name, descriptors, vmas, pages, futureFlags: 0, leftovers, miscountedLocks: 0 };
  draft.processes = [...draft.processes, new ProcessDraft(child)];
  if (vmas.length > 0) draft.layoutClauses.push('FORK-05');
}

/** The pages of areas that a child does not inherit, and what the process has left of its own parent's. */
function keptPages({ vmas, pages, leftovers = new Set() }: Process): ReadonlySet<number> | undefined {
  const kept = vmas.filter(({ flags }) => (flags & VM_DONTCOPY) !== 0);
  const own = pages.keys().filter((page) => kept.some(({ start, end }) => page >= start && page < end));
  return own.length + leftovers.size > 0 ? new Set([...own, ...leftovers]) : undefined;
}

/** The process is gone: all areas are closed, then all descriptors. */
export function endProcess(draft: Draft, process: Process): void {
  for (const vma of process.vmas) {
    if (draft.contract.vmOperations.close) draft.callback('vm_close', '', 'EXIT-02');
    draft.drop(vma.description);
  }
  for (const description of process.descriptors) if (description !== 0) draft.drop(description);
  draft.processes = draft.processes.filter((other) => other.name !== process.name);
  if (process.pages.size > 0) draft.framesTouched = true;
  draft.framesClauses.push('EXIT-03');
}
