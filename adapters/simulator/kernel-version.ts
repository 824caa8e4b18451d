import { MEASURED_SERIES, type MeasuredSeries } from '../../spec/kernel.ts';
import type { Advice } from '../../spec/operations/advice.ts';
import type { TargetFacts } from '../../spec/protocol.ts';
import type { PageTableEntry } from './page-table.ts';
import type { Vma } from './vma.ts';
import { VM_LOCKONFAULT, VM_MAYBE_GUARD, VM_SHARED, VM_SOFTDIRTY, VM_WRITE } from './vm-flags.ts';

/** The kernel series that the simulator can pretend to be: all that were measured. */
export const SERIES = MEASURED_SERIES;
export type Series = MeasuredSeries;

export function isSeries(text: string): text is Series {
  return (SERIES as readonly string[]).includes(text);
}

/** What differs between kernels: each entry says it for one place in the code. */
export interface KernelVersion {
  readonly series: Series;
  /** What depends on how Debian configures the kernel. */
  readonly facts: Pick<TargetFacts, 'memForce' | 'memoryFailure'>;
  /** `copy_user_generic_string` (until 6.3) tries everything that is left once more, byte by byte, after a fault. */
  readonly copiesRestAfterAnyFault: boolean;
  /** Whether each empty segment of a vector reaches the driver, not only one at the very start (until 5.13). */
  readonly callsDriverForEmptySegments: boolean;
  /** sendfile into a pipe goes through a pipe of its own, as it does into anything else (until 5.11). */
  readonly sendsByInternalPipe: boolean;
  /** Reading nothing into a pipe succeeds, whether or not the file could be read so (since 6.5, `do_splice_read`). */
  readonly splicesNothing: boolean;
  /** copy_file_range checks where it would write even when there is nothing to copy (until 6.11). */
  readonly limitsEmptyCopies: boolean;
  /** A proc file without an lseek of its own can be sought nevertheless (until 5.18, `default_llseek`). */
  readonly seeksProcFiles: boolean;
  /** Reading a page for good (FOLL_PIN) makes it exclusive first (since 5.19). */
  readonly unsharesPinnedPages: boolean;
  /** O_DIRECTORY with O_CREAT is refused before anything is looked up (since 6.4, and in stable 6.1). */
  readonly refusesToCreateDirectory: boolean;
  /** Flags that smaps prints as `??`. */
  readonly unnamedFlags: number;
  /** Flags that may differ between VMAs that merge (VMA_IGNORE_MERGE_FLAGS), and those that a merged one keeps. */
  readonly mergeIgnores: number;
  readonly mergeKeeps: number;
  /** A VMA that has merged with a part that changes keeps its own flags that merging does not look at. */
  readonly mergedKeepsFlags: boolean;
  /** The same for munlock alone, which only takes the lock from them (until 5.17). */
  readonly munlockKeepsFlags: boolean;
  /** No VMA merges with one whose driver has `close` (until 6.11); later only none vanishes. */
  readonly closeForbidsMerge: boolean;
  /** Of two VMAs that vanish, the one that changed is asked for its anon_vma first (until 6.11). */
  readonly adoptsFromChangedFirst: boolean;
  /** Private copies have a page offset of their own (`vm_anon_pgoff`, 7.x); comes with the newer rules for anon_vmas. */
  readonly hasAnonPgoff: boolean;
  /** Every copy of a chain of anon_vmas turns it around (7.x). */
  readonly reversesChains: boolean;
  /** mmap asks the VMA above first whether it merges (only with the first maple trees). */
  readonly mapsAboveFirst: boolean;
  /** mmap tries to merge again when the driver has changed the flags (until 6.15). */
  readonly mergesAfterDriver: boolean;
  /** mmap unmaps what is in the way before it knows whether memory suffices (until 6.11). */
  readonly unmapsBeforeChecks: boolean;
  /** mremap as it was before and after it was rewritten (6.17). */
  readonly mremap: 'old' | 'middle' | 'new';
  /** How many more areas there must be room for before a VMA moves. */
  areasToMove: (isSplitFirst: boolean) => number;
  /** A length of whole huge pages is aligned for them in any file without a `get_unmapped_area` of its own (6.12 and 6.13). */
  readonly alignsFilesForHugePages: boolean;
  /** Whether mremap grows a VMA without looking at its neighbours (until 5.17, and until 6.11 when its driver has `close`). */
  expandsAlone: (vma: Vma) => boolean;
  /** MREMAP_DONTUNMAP of a locked mapping splits it first, so that only what has moved loses its lock (since 6.19, and in stable 6.1 and 6.12). */
  readonly splitsLockedSource: boolean;
  /** A write against the protection (FOLL_FORCE) always faults first (until 5.19). */
  readonly forcedWriteFaults: boolean;
  /** mlock2 with MLOCK_ONFAULT fails where nothing can be accessed (until 5.17). */
  readonly locksOnlyAccessible: boolean;
  /** posix_fadvise takes no offset before the start of the file (7.x). */
  readonly advisesFromStart: boolean;
  /** mremap adds up what is locked in bytes, which wrap (5.10). */
  readonly sumsLockedBytes: boolean;
  /** madvise says EAGAIN, not ENOMEM, when there are too many areas (since 5.18). */
  readonly advisesAgain: boolean;
  /** MADV_REMOVE asks whether the mapping may be made writable, not whether it is (since 5.19). */
  readonly removesMayWrite: boolean;
  /** MADV_DOFORK is refused for special mappings (7.x), not only for those of device memory. */
  readonly refusesToForkSpecial: boolean;
  /** MADV_POPULATE_READ and MADV_POPULATE_WRITE tell a hole only at the end (until 6.8). */
  readonly populatesAcrossHoles: boolean;
  /** Whether mprotect tries at all to make entries writable that `vm_page_prot` does not, and which of them. */
  triesToUpgrade: (vma: Vma) => boolean;
  canUpgrade: (vma: Vma, entry: PageTableEntry) => boolean;
  /** VMAs that one remap_pfn_range has filled are marked, because x86 keeps track of their memory type (VM_PAT, until 6.15). */
  readonly tracksMemoryTypes: boolean;
  /** mincore passes over VMAs of page frame numbers, as all walkers of page tables do that do not ask for them (not in 7.x). */
  readonly mincoreSkipsRemapped: boolean;
  /** `madvise_behavior_valid`. */
  knowsAdvice: (advice: Advice) => boolean;
}

const FIRST_VERSION_WITH: Partial<Record<Advice, Series>> = {
  populate_read: '6.1',
  populate_write: '6.1',
  dontneed_locked: '6.1',
  collapse: '6.1',
  hwpoison: '6.12',
  soft_offline: '6.12',
  guard_install: '7.3',
  guard_remove: '7.3',
};

/**
 * The table of a series. Between two of them, what changed is known only to lie somewhere between. Each entry is a range of versions and
 * never a single series: a series that is added in between is as the one before it, until somebody has measured otherwise.
 */
export function kernelVersion(series: Series): KernelVersion {
  const since = (first: Series): boolean => SERIES.indexOf(series) >= SERIES.indexOf(first);
  const before = (first: Series): boolean => !since(first);
  return {
    series,
    facts: { memForce: before('7.3'), memoryFailure: since('6.12') },
    copiesRestAfterAnyFault: before('6.12'),
    callsDriverForEmptySegments: before('6.1'),
    sendsByInternalPipe: before('6.1'),
    splicesNothing: since('6.12'),
    limitsEmptyCopies: before('6.12'),
    seeksProcFiles: before('6.1'),
    unsharesPinnedPages: since('6.1'),
    refusesToCreateDirectory: since('6.1'),
    unnamedFlags: before('6.12') ? VM_LOCKONFAULT : 0,
    mergeIgnores: since('7.3') ? VM_SOFTDIRTY | VM_MAYBE_GUARD : VM_SOFTDIRTY,
    mergeKeeps: since('7.3') ? VM_SOFTDIRTY | VM_MAYBE_GUARD : 0,
    mergedKeepsFlags: since('7.3'),
    munlockKeepsFlags: before('6.1'),
    closeForbidsMerge: before('6.12'),
    adoptsFromChangedFirst: before('6.12'),
    hasAnonPgoff: since('7.3'),
    reversesChains: since('7.3'),
    mapsAboveFirst: since('6.1') && before('6.12'),
    advisesFromStart: since('7.3'),
    mergesAfterDriver: before('7.3'),
    alignsFilesForHugePages: since('6.12') && before('7.3'),
    unmapsBeforeChecks: before('6.12'),
    mremap: before('6.1') ? 'old' : before('7.3') ? 'middle' : 'new',
    areasToMove: (isSplitFirst) => (before('7.3') ? 4 : isSplitFirst ? 3 : 2),
    expandsAlone: ({ operations }) => before('6.1') || (before('6.12') && (operations?.close ?? null) !== null),
    splitsLockedSource: since('6.1'),
    forcedWriteFaults: before('6.1'),
    locksOnlyAccessible: before('6.1'),
    sumsLockedBytes: before('6.1'),
    advisesAgain: since('6.1'),
    removesMayWrite: since('6.1'),
    refusesToForkSpecial: since('7.3'),
    populatesAcrossHoles: since('6.1') && before('6.12'),
    triesToUpgrade: since('6.1') ? triesSharedAndPrivate : (vma) => vma.wantsWriteNotify,
    canUpgrade: since('6.12') ? canUpgrade : since('6.1') ? canUpgradeDirty : canUpgradeOld,
    tracksMemoryTypes: before('7.3'),
    mincoreSkipsRemapped: before('7.3'),
    knowsAdvice: (advice) => advice !== 'unknown' && since(FIRST_VERSION_WITH[advice] ?? '5.10'),
  };
}

/** `vma_wants_manual_pte_write_upgrade`. */
function triesSharedAndPrivate(vma: Vma): boolean {
  return (vma.flags & VM_SHARED) === 0 ? (vma.flags & VM_WRITE) !== 0 : vma.wantsWriteNotify;
}

/** `can_change_pte_writable`. */
function canUpgrade({ flags }: Vma, { frame, dirty, softDirty }: PageTableEntry): boolean {
  if ((flags & VM_SOFTDIRTY) === 0 && !softDirty) return false;
  return (flags & VM_SHARED) === 0 ? frame.anonymous && frame.exclusive : dirty;
}

/** The same in 6.1, where a private page must be dirty, too. */
function canUpgradeDirty(vma: Vma, entry: PageTableEntry): boolean {
  return entry.dirty && canUpgrade(vma, entry);
}

/** `change_pte_range` of 5.10, which loses sight of writes where they are to be noticed. */
function canUpgradeOld({ flags }: Vma, { dirty, softDirty }: PageTableEntry): boolean {
  return dirty && (softDirty || (flags & VM_SOFTDIRTY) === 0);
}
