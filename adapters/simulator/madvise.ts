import type { Advice } from '../../spec/operations/advice.ts';
import type { AddressSpace } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { fallocate } from './fallocate.ts';
import { getUserPages } from './gup.ts';
import { PAGE_SIZE } from './machine.ts';
import { countOrError } from './populate.ts';
import type { Vma } from './vma.ts';
import { modify } from './vma-modify.ts';
import {
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_IO,
  VM_LOCKED,
  VM_MAYBE_GUARD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WIPEONFORK,
  VM_WRITE,
} from './vm-flags.ts';

/** `madvise_vma_behavior` for a part of one VMA; returns the VMA that contains the part afterwards. */
type Behavior = (space: AddressSpace, vma: Vma, start: number, end: number) => Vma | Errno;

const accept: Behavior = (_, vma) => vma;
const refuse: Behavior = () => 'EINVAL';

/** Advice that is kept in the flags. */
function flagged(newFlags: (vma: Vma) => number | Errno): Behavior {
  return (space, vma, start, end) => {
    const flags = newFlags(vma);
    if (typeof flags === 'string') return flags;
    if (flags === vma.flags) return vma;
    const changed = modify(space, vma, start, end, flags);
    // Too many areas are a shortage that may pass.
    return changed === 'ENOMEM' && space.kernel.version.advisesAgain ? 'EAGAIN' : changed;
  };
}

/** `can_madv_lru_vma`; what is cold or paged out cannot be told without swap. */
const lru: Behavior = (_, vma) => ((vma.flags & (VM_LOCKED | VM_PFNMAP)) === 0 ? vma : 'EINVAL');

/** `madvise_dontneed_single_vma`. */
const dontneed: Behavior = (space, vma, start, end) => {
  if ((vma.flags & VM_PFNMAP) !== 0) return 'EINVAL';
  space.pageTable.zapRange(start, end);
  return vma;
};

/** `madvise_guard_install`: pages that are there go, and every page gets a marker that makes accesses fail. */
const guardInstall: Behavior = (space, vma, start, end) => {
  if ((vma.flags & (VM_SPECIAL | VM_LOCKED)) !== 0) return 'EINVAL';
  vma.flags |= VM_MAYBE_GUARD;
  space.pageTable.zapRange(start, end);
  for (let page = start; page < end; page += 1) space.pageTable.setGuard(page);
  return vma;
};

/** `madvise_guard_remove`: the VMA still counts as one that may have markers. */
const guardRemove: Behavior = (space, vma, start, end) => {
  if ((vma.flags & VM_SPECIAL) !== 0) return 'EINVAL';
  for (const page of space.pageTable.guardsIn(start, end)) space.pageTable.removeGuard(page);
  return vma;
};

/** `madvise_remove`: punches a hole into the file. */
const remove: Behavior = (space, vma, start, end) => {
  if ((vma.flags & VM_LOCKED) !== 0) return 'EINVAL';
  const needed = VM_SHARED | (space.kernel.version.removesMayWrite ? VM_MAYWRITE : VM_WRITE);
  if ((vma.flags & needed) !== needed) return 'EACCES';
  const offset = BigInt.asIntN(64, bytes(vma.pgoffAt(start)));
  const result = fallocate(space.kernel, vma.file, 'punch-hole', offset, bytes(end - start));
  return typeof result === 'string' ? result : vma;
};

function bytes(pages: number): bigint {
  return BigInt(pages) * BigInt(PAGE_SIZE);
}

/** `ksm_madvise`: only private mappings can share equal pages; for others the advice is ignored. */
function mergeable({ flags }: Vma): number {
  return (flags & (VM_SHARED | VM_MAYSHARE | VM_SPECIAL)) === 0 ? flags | VM_MERGEABLE : flags;
}

const dofork = flagged(({ flags }) => flags & ~VM_DONTCOPY);

const BEHAVIORS: Partial<Record<Advice, Behavior>> = {
  normal: flagged(({ flags }) => flags & ~VM_RAND_READ & ~VM_SEQ_READ),
  random: flagged(({ flags }) => (flags & ~VM_SEQ_READ) | VM_RAND_READ),
  sequential: flagged(({ flags }) => (flags & ~VM_RAND_READ) | VM_SEQ_READ),
  willneed: accept,
  dontneed: (space, vma, start, end) => {
    return (vma.flags & VM_LOCKED) === 0 ? dontneed(space, vma, start, end) : 'EINVAL';
  },
  dontneed_locked: dontneed,
  // Only for anonymous mappings.
  free: refuse,
  remove,
  dontfork: flagged(({ flags }) => flags | VM_DONTCOPY),
  dofork: (space, vma, start, end) => {
    const refused = space.kernel.version.refusesToForkSpecial ? VM_SPECIAL : VM_IO;
    const isRefused = (vma.flags & refused) !== 0;
    return isRefused ? 'EINVAL' : dofork(space, vma, start, end);
  },
  mergeable: flagged(mergeable),
  unmergeable: flagged(({ flags }) => flags & ~VM_MERGEABLE),
  hugepage: flagged(({ flags }) => (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE),
  nohugepage: flagged(({ flags }) => (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE),
  dontdump: flagged(({ flags }) => flags | VM_DONTDUMP),
  dodump: flagged(({ flags }) => ((flags & VM_SPECIAL) === 0 ? flags & ~VM_DONTDUMP : 'EINVAL')),
  // Only for anonymous mappings.
  wipeonfork: refuse,
  keeponfork: flagged(({ flags }) => flags & ~VM_WIPEONFORK),
  cold: lru,
  pageout: lru,
  // Neither a device nor a file that cannot be executed has huge pages.
  collapse: refuse,
  guard_install: guardInstall,
  guard_remove: guardRemove,
};

/** `do_madvise`: the length in pages, or infinite when rounding it up leaves the 64-bit range. */
export function doMadvise(space: AddressSpace, start: number | null, pages: number, advice: Advice): Result {
  const { version } = space.kernel;
  if (!version.knowsAdvice(advice)) return 'EINVAL';
  if (start === null || pages === Infinity) return 'EINVAL';
  if (pages === 0) return 0;
  const end = start + pages;
  switch (advice) {
    case 'hwpoison':
    case 'soft_offline':
      // Given without CAP_SYS_ADMIN.
      return 'EPERM';
    case 'populate_read':
    case 'populate_write':
      return madvisePopulate(space, start, end, advice === 'populate_write');
    default:
      return walk(space, start, end, BEHAVIORS[advice] ?? refuse);
  }
}

/** `madvise_walk_vmas`: holes are skipped, and told at the end. */
function walk(space: AddressSpace, start: number, end: number, visit: Behavior): Result {
  let hasHole = false;
  let next = start;
  while (next < end) {
    const vma = space.vmas[space.indexFrom(next)];
    if (vma === undefined) return 'ENOMEM';
    if (next < vma.start) {
      hasHole = true;
      next = vma.start;
      if (next >= end) break;
    }
    const visited = visit(space, vma, next, Math.min(end, vma.end));
    if (typeof visited === 'string') return visited;
    next = Math.max(Math.min(end, vma.end), visited.end);
  }
  return hasHole ? 'ENOMEM' : 0;
}

/** `madvise_populate`: as far as the first hole, or in 6.1 as all other advice, across holes. */
function madvisePopulate(space: AddressSpace, start: number, end: number, write: boolean): Result {
  if (!space.kernel.version.populatesAcrossHoles) return populateRange(space, start, end, write) ?? 0;
  return walk(space, start, end, (_, vma, from, to) => populateRange(space, from, to, write) ?? vma);
}

function populateRange(space: AddressSpace, start: number, end: number, write: boolean): Errno | null {
  for (let page = start; page < end;) {
    const count = countOrError(getUserPages(space, page, end - page, { write, populate: true }));
    if (typeof count === 'string') return count;
    page += count;
  }
  return null;
}
