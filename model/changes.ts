import { atLeast, type KernelProfile } from '../spec/kernel.ts';

/**
 * What Linux changed in this domain, each change with a name and the kernel that made it. Everything else in the model
 * holds for all kernels. Where a commit is known its subject is named; `first seen` means that it was measured in that
 * series and not in the one measured before.
 */

type Change = (kernel: KernelProfile) => boolean;

const since =
  (major: number, minor: number): Change =>
  (kernel) =>
    atLeast(kernel, major, minor);

/** O_DIRECTORY together with O_CREAT is refused before anything is looked up (since 6.4, and in the stable series of 6.1, where it was measured). */
export const refusesToCreateDirectory = since(6, 1);

/** Files of proc without an lseek of their own cannot be sought (fs/proc/inode.c `proc_reg_open`, 6.0). */
export const procFilesCannotSeek = since(6, 0);

/** An empty segment of a vector reaches the driver only at the very start (5.14). */
export const skipsEmptySegments = since(5, 14);

/** sendfile into a pipe needs no pipe of its own in between any more (fs/splice.c `splice_direct_to_actor`, 5.12). */
export const sendsStraightIntoPipes = since(5, 12);

/** Reading nothing into a pipe succeeds, whether or not the file can be spliced (fs/splice.c `do_splice_read`; seen in 6.12, not in 6.1). */
export const splicesNothing = since(6, 5);

/** copy_file_range does not look at where it would write when there is nothing to copy (6.0). */
export const emptyCopiesAnywhere = since(6, 0);

/** Copies to and from user memory need no second attempt after a fault (“x86: don't use REP_GOOD or ERMS for user memory copies”, 6.4). */
export const copiesInOneAttempt = since(6, 4);

/** Short copies are one string instruction as well where the processor is fast at that (FSRM); first seen in 6.1. */
export const copiesShortByString = since(6, 1);

/** `mmap` looks at the next area before the previous one (maple tree in mmap_region, 6.1), until it was rewritten (6.12). */
export const asksNextFirst: Change = (kernel) => atLeast(kernel, 6, 1) && !atLeast(kernel, 6, 12);

/** `mmap` divides what is in the way before it looks at limits, and leaves it divided when they are exceeded (6.12). */
export const splitsBeforeLimits = since(6, 12);

/**
 * Where the kernel may choose, files without a `get_unmapped_area` of their own are aligned as huge pages are, when their length
 * is (“mm, mmap: limit THP alignment of anonymous mappings to PMD-aligned sizes”, 6.12; “mm: don't try THP alignment for FS
 * without get_unmapped_area”, 6.14). Before, in 6.10 and 6.11, also for other lengths.
 */
export const alignsHugeLengths: Change = (kernel) => atLeast(kernel, 6, 12) && !atLeast(kernel, 6, 14);

/** A second look for a neighbour to merge with, when the driver changed the flags (gone from `__mmap_region`, 6.13). */
export const mergesAfterDriver: Change = (kernel) => !atLeast(kernel, 6, 13);

/** A driver's `close` hinders a merge only where an area would vanish (“mm/mmap: start distinguishing if vma can be removed in mergeability test”, 6.4). */
export const closeHindersRemovalOnly = since(6, 4);

/** An area without private copies may take in one that has some (“mm/vma: fix incorrectly disallowed anonymous VMA merges”, 6.16). */
export const mergesUnfaulted = since(6, 16);

/** Flags that survive every merge: soft-dirty, and that there may be guard regions (VM_STICKY, 6.19). */
export const flagsStick = since(6, 19);

/** Private areas also have a page offset of their address, which has to continue when they merge; first seen in 7.3. */
export const hasAnonymousOffset = since(7, 3);

/** mremap finds the area before anything else is done (“mm, hugepages: add mremap() support for hugepage backed vma”, 5.16). */
export const mremapLooksUpFirst = since(5, 16);

/** x86 marks areas of which remap_pfn_range has made all pages (VM_PAT; gone in 6.16, “mm: convert VM_PFNMAP tracking to pfnmap_track() + pfnmap_untrack()”). */
export const marksTracked: Change = (kernel) => !atLeast(kernel, 6, 16);

/** mincore looks at page frame numbers like at pages; first seen in 7.3, not in 6.12. */
export const mincoreSeesRemapped = since(7, 3);

/** MREMAP_DONTUNMAP works for every mapping that may grow (“mm: extend MREMAP_DONTUNMAP to non-anonymous mappings”, 5.13). */
export const dontunmapForAll = since(5, 13);

/** An area that mremap grows in place joins the one behind it (“mm: vma_merge while expanding in mremap”, 5.19). */
export const mremapMergesInPlace = since(5, 19);

/** mremap charges memory when it moves, not when it looks (“mremap: fix accounting”, first seen in 6.1). */
export const mremapChargesLate = since(5, 15);

/** mremap adds up locked memory in bytes, which wrap for the longest lengths, so that EAGAIN is missed (5.10; not in 6.1). */
export const mremapCountsLockedBytes: Change = (kernel) => !atLeast(kernel, 6, 1);

/** munlock takes the lock from the area that a part joins and leaves its other flags, soft-dirty too, as they are (5.10; not in 6.1). */
export const munlockKeepsSoftDirty: Change = (kernel) => !atLeast(kernel, 5, 18);

/** posix_fadvise refuses negative offsets; first seen in 7.3. */
export const fadviseChecksOffset = since(7, 3);

/**
 * MREMAP_DONTUNMAP divides a locked area before it moves a part of it (6.1.191, 6.12.114 and 7.3; not in 6.1.176, which the
 * target measures because a version does not tell).
 */
export const dontunmapDividesLocked: Change = (kernel) =>
  atLeast(kernel, 6, 1) && kernel.facts.unlocksWholeArea !== true;

/** mremap checks everything before it unmaps anything, and moves several areas in one call (“mm/mremap: permit mremap() move of multiple VMAs”, 6.17). */
export const mremapChecksFirst = since(6, 17);

/** mremap reserves areas for the worst case before it begins, whatever it is asked for; first seen in 7.3. */
export const mremapReservesAreas = since(7, 3);

/** MADV_POPULATE_READ and MADV_POPULATE_WRITE (5.14), MADV_DONTNEED_LOCKED (5.18), MADV_COLLAPSE (6.1). */
export const hasPopulate = since(5, 14);
export const hasDontneedLocked = since(5, 18);
export const hasCollapse = since(6, 1);

/** MADV_GUARD_INSTALL for file mappings (“mm: allow guard regions in file-backed and read-only mappings”, 6.15). */
export const hasGuards = since(6, 13);
export const hasFileGuards = since(6, 15);

/** Guard regions mark their area (VM_MAYBE_GUARD, 6.19). */
export const guardsMarkArea = since(6, 19);

/** MADV_DOFORK is refused for all special areas, not only for VM_IO; first seen in 7.3. */
export const doforkRefusesSpecial = since(7, 3);

/**
 * MADV_REMOVE asks whether the mapping may be written, not whether it can be now (“mm: drop the assumption that VM_SHARED
 * always implies writable”, 6.7, and in the stable series of 6.1, where it was measured).
 */
export const removeAsksMayWrite = since(6, 1);

/**
 * MADV_POPULATE_READ and MADV_POPULATE_WRITE stop at the first hole; before they went on like other advices (“mm/madvise:
 * make MADV_POPULATE_(READ|WRITE) handle VM_FAULT_RETRY properly”, 6.9).
 */
export const populateStopsAtHole = since(6, 9);

/** madvise says EAGAIN where there are too many areas (“mm: refactor vm_area_struct::anon_vma_name usage code”, 5.17). */
export const madviseTryAgain = since(5, 17);

/** mlock2 with MLOCK_ONFAULT does not look at the protection (“mm/munlock: delete FOLL_MLOCK and FOLL_POPULATE”, 5.18). */
export const onfaultIgnoresProtection = since(5, 18);

/** Pinning a private copy that others share copies it, even for reading (FAULT_FLAG_UNSHARE, 5.19). */
export const pinningUnshares = since(5, 19);

/** mprotect respects soft-dirty when it makes pages writable again (“mm/mprotect: fix soft-dirty check in can_change_pte_writable()”, 6.0). */
export const mprotectTracksSoftDirty = since(6, 0);

/** mprotect makes private copies writable that nobody else shares: dirty ones (5.19), and clean ones as well (6.2). */
export const mprotectUpgradesPrivate = since(5, 19);
export const mprotectUpgradesClean = since(6, 2);

/** smaps has a name for VM_LOCKONFAULT (`lf`); first seen in 6.12. */
export const lockonfaultHasName = since(6, 12);

/**
 * User Mode Linux tells the host of every new entry before the process runs on, whoever made it; before, only of what the
 * process has asked for itself (“um: refactor TLB update handling”, 6.11; measured on 6.1 and 6.12).
 */
export const tellsHostOfNewEntries = since(6, 11);
