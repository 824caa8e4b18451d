import type { Frame, PhysicalMemory } from './frames.ts';

/** A present page table entry. Absent pages have none, so that a huge mapping costs nothing. */
export interface PageTableEntry {
  frame: Frame;
  writable: boolean;
}

const NO_PAGES: readonly number[] = [];

/** The page table of one process. */
export class PageTable {
  readonly #memory: PhysicalMemory;
  readonly #entries = new Map<number, PageTableEntry>();

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  get(page: number): PageTableEntry | undefined {
    return this.#entries.get(page);
  }

  /** `set_pte_range`: installs a frame where none was, and takes over the reference that the caller holds on it. */
  install(page: number, frame: Frame, writable: boolean): void {
    frame.mappings += 1;
    this.#entries.set(page, { frame, writable });
    this.#memory.generation += 1;
  }

  /** `zap_pte_range` for one page: the entry's reference goes with it. */
  clear(page: number): void {
    const entry = this.#entries.get(page);
    if (entry === undefined) return;
    this.#entries.delete(page);
    entry.frame.mappings -= 1;
    this.#memory.generation += 1;
    this.#memory.put(entry.frame);
  }

  clearRange(start: number, end: number): void {
    for (const page of this.presentIn(start, end)) this.clear(page);
  }

  /** The present pages of a range, in any order; costs no more than the smaller of range and table. */
  presentIn(start: number, end: number): readonly number[] {
    if (this.#entries.size === 0) return NO_PAGES;
    const pages: number[] = [];
    if (end - start <= this.#entries.size) {
      for (let page = start; page < end; page += 1) if (this.#entries.has(page)) pages.push(page);
    } else {
      for (const page of this.#entries.keys()) if (page >= start && page < end) pages.push(page);
    }
    return pages;
  }
}
