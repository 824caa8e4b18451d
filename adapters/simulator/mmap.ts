import { type AddressSpace, exceedsMemory } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import type { OpenFile } from './file.ts';
import { populate } from './populate.ts';
import { type Placing, unmappedArea } from './unmapped-area.ts';
import { Vma } from './vma.ts';
import { type Candidate, mergeAboveFirst, mergeNewRange } from './vma-merge.ts';
import {
  VM_ACCOUNT,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_SPECIAL,
  VM_SYNC,
  VM_WRITE,
} from './vm-flags.ts';

/** The arguments of mmap(2) behind the descriptor and the offset's alignment. */
export interface MmapRequest {
  readonly place: Placing;
  /** Bytes from the start of the arena; meaningless without a place. */
  readonly address: number;
  /** Pages, rounded up; infinite when rounding up leaves the 64-bit range. */
  readonly pages: number;
  readonly pgoff: number;
  /** VM_READ, VM_WRITE and VM_EXEC. */
  readonly access: number;
  readonly type: 'none' | 'private' | 'shared' | 'validate' | 'both-bits-and-more';
  readonly flags: ReadonlySet<
    'growsdown' | 'hugetlb' | 'locked' | 'nonblock' | 'noreserve' | 'populate' | 'sync' | 'unknown'
  >;
}

/** `do_mmap`, its checks in its order; returns the first page. */
export function doMmap(space: AddressSpace, file: OpenFile, request: MmapRequest): Result {
  const { pages, pgoff } = request;
  if (pages === 0) return 'EINVAL';
  if (pages === Infinity) return 'ENOMEM';
  if (space.lacksAreas(0)) return 'ENOMEM';

  const start = unmappedArea(space, request);
  if (typeof start !== 'number') return start;
  if (request.place === 'noreplace' && space.intersects(start, start + pages)) return 'EEXIST';
  if (request.flags.has('locked') && !space.kernel.limits.mayLock) return 'EPERM';
  const asked = space.defaultFlags | flagBits(request);
  if (!space.mayLock(asked, pages)) return 'EAGAIN';

  const { driver } = space.kernel;
  // `file_mmap_ok`: the end must stay below 2^63 bytes for a regular file, below 2^64 for a device.
  if (pgoff + pages >= (driver.isRegularFile ? 2 ** 51 : 2 ** 52)) return 'EOVERFLOW';

  const flags = flagsFor(file, request, asked, driver.isOnNoexec);
  if (typeof flags !== 'number') return flags;
  const result = mapRegion(space, file, start, request, flags);
  if (typeof result !== 'number') return result;
  const { flags: mapFlags } = request;
  const wantsPages = mapFlags.has('populate') && !mapFlags.has('nonblock');
  if ((flags & VM_LOCKED) !== 0 || wantsPages) populate(space, start, start + pages);
  return result;
}

/** `calc_vm_flag_bits`. */
function flagBits({ flags }: MmapRequest): number {
  const growsdown = flags.has('growsdown') ? VM_GROWSDOWN : 0;
  const locked = flags.has('locked') ? VM_LOCKED : 0;
  return growsdown | locked | (flags.has('sync') ? VM_SYNC : 0);
}

/** The part of `do_mmap` that looks at type and file; returns vm_flags. */
function flagsFor(file: OpenFile, request: MmapRequest, asked: number, isOnNoexec: boolean): number | Errno {
  const { type, access } = request;
  let flags = asked | access | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  switch (type) {
    case 'shared':
    case 'validate':
      if (type === 'validate' && hasNewFlag(request)) return 'EOPNOTSUPP';
      if ((access & VM_WRITE) !== 0 && !file.writable) return 'EACCES';
      flags |= VM_SHARED | VM_MAYSHARE;
      if (!file.writable) flags &= ~(VM_MAYWRITE | VM_SHARED);
      break;
    case 'private':
      break;
    case 'none':
    case 'both-bits-and-more':
      return 'EINVAL';
  }
  if (!file.readable) return 'EACCES';
  if (isOnNoexec) {
    if ((flags & VM_EXEC) !== 0) return 'EPERM';
    flags &= ~VM_MAYEXEC;
  }
  if ((flags & VM_GROWSDOWN) !== 0) return 'EINVAL';
  return request.flags.has('noreserve') ? flags | VM_NORESERVE : flags;
}

/** Only MAP_SHARED_VALIDATE looks at flags that it does not know: those that are not in LEGACY_MAP_MASK. */
function hasNewFlag({ flags, place }: MmapRequest): boolean {
  return flags.has('unknown') || flags.has('sync') || place === 'noreplace';
}

/** `mmap_region`. */
function mapRegion(space: AddressSpace, file: OpenFile, start: number, request: MmapRequest, asked: number): Result {
  const { pages, pgoff } = request;
  const end = start + pages;
  const isCharged = (asked & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE;
  const flags = isCharged ? asked | VM_ACCOUNT : asked;
  const { unmapsBeforeChecks } = space.kernel.version;
  const errno = (unmapsBeforeChecks ? unmapAndCheck : checkAndUnmap)(space, start, end, isCharged);
  if (errno !== null) return errno;

  const vma = mergeOrCall(space, { start, end, pgoff, anonPgoff: start, flags, file, anonVma: null, source: null });
  if (typeof vma === 'string') return vma;
  space.totalPages += pages;
  if ((flags & VM_LOCKED) !== 0) {
    if ((vma.flags & VM_SPECIAL) === 0) space.lockedPages += pages;
    else vma.flags &= ~VM_LOCKED_MASK;
  }
  vma.flags |= VM_SOFTDIRTY;
  vma.setPageProtection();
  return start;
}

/**
 * Makes room, since 6.12: what is in the way is split off first, and stays so when a limit is reached or memory does not
 * suffice. Once it is gone it stays away, even if the driver refuses.
 */
function checkAndUnmap(space: AddressSpace, start: number, end: number, isCharged: boolean): Errno | null {
  const inTheWay = space.gather(start, end);
  if (typeof inTheWay === 'string') return inTheWay;
  if (!space.mayExpand(end - start - pagesOf(inTheWay))) return 'ENOMEM';
  const accounted = pagesOf(inTheWay.filter((vma) => (vma.flags & VM_ACCOUNT) !== 0));
  if (isCharged && exceedsMemory(end - start - accounted)) return 'ENOMEM';
  space.discard(inTheWay);
  return null;
}

/** The same until 6.11: nothing happens when a limit is reached, but when memory does not suffice a hole is left. */
function unmapAndCheck(space: AddressSpace, start: number, end: number, isCharged: boolean): Errno | null {
  const inTheWay = space.vmas.reduce((sum, vma) => {
    return sum + Math.max(0, Math.min(end, vma.end) - Math.max(start, vma.start));
  }, 0);
  if (!space.mayExpand(end - start - inTheWay)) return 'ENOMEM';
  if (space.unmap(start, end) !== null) return 'ENOMEM';
  return isCharged && exceedsMemory(end - start) ? 'ENOMEM' : null;
}

function pagesOf(vmas: readonly Vma[]): number {
  return vmas.reduce((sum, vma) => sum + vma.pages, 0);
}

/** Grows a neighbour over the range, or makes a VMA of it with the driver's consent. */
function mergeOrCall(space: AddressSpace, candidate: Candidate): Vma | Errno {
  const { version } = space.kernel;
  const { start, end, pgoff, flags, file } = candidate;
  const expanded = version.mapsAboveFirst ? mergeAboveFirst(space, candidate) : mergeNewRange(space, candidate);
  if (expanded !== null) return expanded;

  const vma = new Vma(start, end, pgoff, flags, file);
  const errno = space.kernel.driver.mmap(vma, space.pageTable);
  if (errno !== null) return errno;
  // Flags that the driver has set may make the VMA equal to a neighbour; the kernel looks again if there is one below.
  if (version.mergesAfterDriver && vma.flags !== flags && space.indexFrom(start) > 0) {
    const merged = mergeNewRange(space, { ...candidate, flags: vma.flags });
    if (merged !== null) return merged;
  }
  file.references += 1;
  space.insert(vma);
  return vma;
}
