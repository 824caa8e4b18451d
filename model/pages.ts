import * as changes from './changes.ts';
import type { Draft } from './draft.ts';
import type { Page, Process } from './state.ts';

/** Puts a page table entry in place. */
export function changePage(
  draft: Draft,
  process: Process,
  page: number,
  entry: Page,
): { process: Process; page: Page } {
  const changed = { ...process, pages: new Map(process.pages).set(page, entry) };
  draft.replace(changed);
  draft.framesTouched = true;
  return { process: changed, page: entry };
}

/** Whether a process can read a new entry that it did not ask for by an access of its own. */
export function readsNewEntries({ kernel }: Draft): boolean {
  return kernel.platform.absentLoadNeeds === 'any' || changes.tellsHostOfNewEntries(kernel);
}

/** Whether a process can read an entry that has no accessed bit. */
export function readsOldEntries({ kernel }: Draft): boolean {
  return kernel.facts.oldPagesFault !== true;
}

/** All entries of a range can be read without a fault from now on: `flush_tlb_range`, where that tells the machine. */
export function flush(draft: Draft, process: Process, start: number, end: number): Process {
  return mapPages(draft, process, start, end, (entry) => (entry.known ? entry : { ...entry, known: true }));
}

/** Changes all entries of a range that a function changes; it returns the same entry for the others. */
export function mapPages(
  draft: Draft,
  process: Process,
  start: number,
  end: number,
  change: (entry: Page, page: number) => Page,
): Process {
  let pages: Map<number, Page> | undefined;
  for (const [page, entry] of process.pages) {
    if (page < start || page >= end) continue;
    const changed = change(entry, page);
    if (changed === entry) continue;
    pages ??= new Map(process.pages);
    pages.set(page, changed);
  }
  if (pages === undefined) return process;
  const changed = { ...process, pages };
  draft.replace(changed);
  draft.framesTouched = true;
  return changed;
}
