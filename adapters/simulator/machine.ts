import type { TargetFacts } from '../../spec/protocol.ts';

/** The machine that the simulator pretends to be: an x86-64 with four levels of page tables. */

export const PAGE_SIZE = 4096;

/** Pages of user address space: TASK_SIZE_MAX of x86-64 leaves the last page below 2^47 out. */
export const TASK_PAGES = 2 ** 35 - 1;

/** First length in bytes that exceeds every user address space. */
export const ADDRESS_LIMIT = 2 ** 47;

/** Descriptors that a process may open beside its three standard ones: RLIMIT_NOFILE is 1024 by default. */
export const DESCRIPTOR_LIMIT = 1024 - 3;

export const MACHINE = 'x86_64';

/** The facts that hold for every kernel. */
export const MACHINE_FACTS = {
  pageSize: PAGE_SIZE,
  arenaPages: 32,
  guardPages: 16,
  zonePages: 2 ** 34,
  memoryPages: 32_768,
  executeOnly: false,
  softDirty: true,
  samePageMerging: true,
  hugePages: true,
  stepwiseCopies: true,
} as const satisfies Partial<TargetFacts>;

/** A range of pages, relative to the start of the arena; the end is excluded. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export const ARENA: PageRange = { start: 0, end: MACHINE_FACTS.arenaPages };
export const ZONE: PageRange = {
  start: -(MACHINE_FACTS.guardPages + MACHINE_FACTS.zonePages),
  end: -MACHINE_FACTS.guardPages,
};
