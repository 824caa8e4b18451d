import * as changes from '../changes.ts';
import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Page } from '../state.ts';

/** Puts a page table entry in place. */
export function changePage(draft: Draft, process: ProcessDraft, page: number, entry: Page): Page {
  process.changingPages().set(page, entry);
  draft.framesTouched = true;
  return entry;
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
export function flush(draft: Draft, process: ProcessDraft, start: number, end: number): void {
  mapPages(draft, process, start, end, (entry) => (entry.known ? entry : { ...entry, known: true }));
}

/** Changes all entries of a range that a function changes; it returns the same entry for the others. */
export function mapPages(
  draft: Draft,
  process: ProcessDraft,
  start: number,
  end: number,
  change: (entry: Page, page: number) => Page,
): void {
  const { pages } = process;
  const entries = pages.values();
  for (const [index, page] of pages.keys().entries()) {
    const entry = entries[index];
    if (entry === undefined || page < start || page >= end) continue;
    const changed = change(entry, page);
    if (changed !== entry) changePage(draft, process, page, changed);
  }
}

/** Takes away the entries that a function chooses. Whether there were any. */
export function removePages(
  draft: Draft,
  process: ProcessDraft,
  goes: (page: number, entry: Page) => boolean,
): boolean {
  const entries = process.pages.values();
  const going = process.pages.keys().filter((page, index) => {
    const entry = entries[index];
    return entry !== undefined && goes(page, entry);
  });
  if (going.length === 0) return false;
  const pages = process.changingPages();
  for (const page of going) pages.delete(page);
  draft.framesTouched = true;
  return true;
}
