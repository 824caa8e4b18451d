/** The flags that placing pages sets by itself, by their names in the kernel without `VM_`. */
export type PlacementFlag = 'mixedmap' | 'pfnmap' | 'io' | 'dontexpand' | 'dontdump';

/** What follows from a way in which a driver puts pages into a mapping. */
export interface Placement {
  /** What it is, for the page on contracts. */
  readonly meaning: string;
  /** What a program sees of it, in one sentence. */
  readonly sentence: string;
  /** Whether pages come one by one, when they are accessed, or all at once in the driver's `mmap`. */
  readonly when: 'access' | 'mmap';
  /** What placing them sets on the area. */
  readonly flags: readonly PlacementFlag[];
  /** Whether what is placed are pages of the kernel's, which pagemap shows, or only numbers of page frames. */
  readonly hasPages: boolean;
  /** Whether a page that is gone, or never was there, can be asked for again: the driver has a fault handler. */
  readonly comesBack: boolean;
  /** Whether x86 keeps track of the memory type of the whole area (VM_PAT), where the kernel still does so. */
  readonly isTracked: boolean;
  /** Whether programs may map privately; else the driver has to refuse it. */
  readonly mapsPrivately: boolean;
}

/**
 * The ways in which the pages of a mapping get there: one row each, which is all that contracts, clauses, the model and the
 * generators know of it. Nobody compares names.
 */
export const PLACEMENTS = {
  fault: {
    meaning: 'one by one, at the first access, by the driver’s fault handler (`vm_operations.fault`).',
    sentence: 'Pages come one by one, by the fault handler, at the first access.',
    when: 'access',
    flags: [],
    hasPages: true,
    comesBack: true,
    isTracked: false,
    mapsPrivately: true,
  },
  insert: {
    meaning:
      'all at once in `mmap`, by vm_insert_page, vm_map_pages or remap_vmalloc_range, without a fault handler: a program sees VM_MIXEDMAP (`mm`), a fork that needs no fault, and SIGBUS at a page that is gone (after MADV_DONTNEED, or where mremap has made the mapping longer).',
    sentence:
      'mmap puts all pages in place (VM_MIXEDMAP): no access faults, fork copies the page tables, and a page that is gone ends with SIGBUS.',
    when: 'mmap',
    flags: ['mixedmap'],
    hasPages: true,
    comesBack: false,
    isTracked: false,
    mapsPrivately: true,
  },
  remap: {
    meaning:
      'all at once in `mmap`, by one remap_pfn_range over the whole mapping, without a fault handler: a program sees VM_PFNMAP and VM_IO (`pf`, `io`, also `de` and `dd`), nothing in pagemap (before Linux 7.3 nor in mincore), EINVAL from MADV_DONTNEED, and EFAULT or EIO wherever the kernel itself would have to get at the pages (process_vm_readv, /proc/PID/mem, MADV_POPULATE_READ).',
    sentence:
      'mmap puts all pages in place as page frame numbers (VM_PFNMAP, VM_IO): no access faults, pagemap shows none, and the kernel gets at none for anybody else.',
    when: 'mmap',
    flags: ['pfnmap', 'io', 'dontexpand', 'dontdump'],
    hasPages: false,
    comesBack: false,
    isTracked: true,
    mapsPrivately: false,
  },
} as const satisfies Readonly<Record<string, Placement>>;

export type PlacementName = keyof typeof PLACEMENTS;
export const PLACEMENT_NAMES = Object.keys(PLACEMENTS) as PlacementName[];

/** What a contract means that names none. */
export const DEFAULT_PLACEMENT: PlacementName = 'fault';
