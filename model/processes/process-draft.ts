import type { SmallMap, Table } from '../small-map.ts';
import type { Page, Process, Vma } from '../state.ts';

/**
 * A process while an operation is under way. There is one for each process in a draft, so whoever changes it changes it for all.
 * Lists are replaced, never changed, so that what was read before stays as it was; so does the page table of the state that the
 * step began with, of which this one is a copy from its first change on.
 */
export class ProcessDraft implements Process {
  readonly name: string;
  descriptors: readonly number[];
  vmas: readonly Vma[];
  futureFlags: number;
  readonly leftovers: ReadonlySet<number> | undefined;
  miscountedLocks: number;
  #pages: Table<number, Page>;
  #ownPages: SmallMap<number, Page> | undefined;

  constructor({ name, descriptors, vmas, pages, futureFlags, leftovers, miscountedLocks }: Process) {
    this.name = name;
    this.descriptors = descriptors;
    this.vmas = vmas;
    this.futureFlags = futureFlags;
    this.leftovers = leftovers;
    this.miscountedLocks = miscountedLocks;
    this.#pages = pages;
  }

  get pages(): Table<number, Page> {
    return this.#pages;
  }

  /** The page table for changes. */
  changingPages(): SmallMap<number, Page> {
    if (this.#ownPages === undefined) {
      this.#ownPages = this.#pages.copy();
      this.#pages = this.#ownPages;
    }
    return this.#ownPages;
  }

  /** An area takes the place of another one. */
  replaceArea(old: Vma, changed: Vma): void {
    this.vmas = this.vmas.with(this.vmas.indexOf(old), changed);
  }
}
