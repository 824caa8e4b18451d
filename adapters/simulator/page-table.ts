import type { Frame, PhysicalMemory } from './frames.ts';

/** A present page table entry. Absent pages have none, so that a huge mapping costs nothing. */
export interface PageTableEntry {
  frame: Frame;
  writable: boolean;
  /** Set by the processor with each write, and by every write fault. */
  dirty: boolean;
  /** Set by write faults only, until clear_refs clears it. */
  softDirty: boolean;
  /** `pte_special`: made of a page frame number; nobody counts that the frame is mapped here. */
  readonly special?: true;
}

const NO_PAGES: readonly number[] = [];

/** The page table of one process. */
export class PageTable {
  readonly #memory: PhysicalMemory;
  readonly #entries = new Map<number, PageTableEntry>();
  /** Pages with a guard marker (PTE_MARKER_GUARD) in place of an entry. */
  readonly #guards = new Set<number>();

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  get(page: number): PageTableEntry | undefined {
    return this.#entries.get(page);
  }

  /** `set_pte_range`: installs a frame where none was, and takes over the reference that the caller holds on it. */
  install(page: number, entry: PageTableEntry): void {
    if (entry.special !== true) entry.frame.mappings += 1;
    this.#entries.set(page, entry);
  }

  /** `zap_pte_range` for one page: the entry's reference goes with it. */
  clear(page: number): void {
    const entry = this.#entries.get(page);
    if (entry === undefined) return;
    this.#entries.delete(page);
    if (entry.special === true) return;
    entry.frame.mappings -= 1;
    this.#memory.put(entry.frame);
  }

  /** `unmap_vmas`: markers go, too. */
  clearRange(start: number, end: number): void {
    this.zapRange(start, end);
    for (const page of this.guardsIn(start, end)) this.removeGuard(page);
  }

  /** `zap_page_range_single`: only pages go, markers stay. */
  zapRange(start: number, end: number): void {
    for (const page of this.presentIn(start, end)) this.clear(page);
  }

  isGuard(page: number): boolean {
    return this.#guards.has(page);
  }

  setGuard(page: number): void {
    this.#guards.add(page);
  }

  removeGuard(page: number): void {
    this.#guards.delete(page);
  }

  /** `move_ptes`: entries and markers keep what they are, and what was moved counts as written (`move_soft_dirty_pte`). */
  move(start: number, end: number, to: number): void {
    const entries = this.presentIn(start, end).map((page) => [page, this.#entries.get(page)] as const);
    const guards = this.guardsIn(start, end);
    for (const [page] of entries) this.#entries.delete(page);
    for (const page of guards) this.#guards.delete(page);
    for (const [page, entry] of entries) {
      if (entry !== undefined) this.#entries.set(page - start + to, { ...entry, softDirty: true });
    }
    for (const page of guards) this.#guards.add(page - start + to);
  }

  /** The present pages of a range, in any order; costs no more than the smaller of range and table. */
  presentIn(start: number, end: number): readonly number[] {
    return keysIn(this.#entries, start, end);
  }

  guardsIn(start: number, end: number): readonly number[] {
    return keysIn(this.#guards, start, end);
  }
}

function keysIn(
  table: ReadonlyMap<number, unknown> | ReadonlySet<number>,
  start: number,
  end: number,
): readonly number[] {
  if (table.size === 0) return NO_PAGES;
  const pages: number[] = [];
  if (end - start <= table.size) {
    for (let page = start; page < end; page += 1) if (table.has(page)) pages.push(page);
  } else {
    for (const page of table.keys()) if (page >= start && page < end) pages.push(page);
  }
  return pages;
}
