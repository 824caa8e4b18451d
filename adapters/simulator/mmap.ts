import { type AddressSpace, exceedsMemory } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import type { OpenFile } from './file.ts';
import { ARENA, PAGE_SIZE, type PageRange, TASK_PAGES, ZONE } from './machine.ts';
import { mergeNewRange } from './vma-merge.ts';
import {
  VM_ACCOUNT,
  VM_EXEC,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
  Vma,
} from './vma.ts';

/** The arguments of mmap(2) behind the descriptor and the offset's alignment. */
export interface MmapRequest {
  readonly place: 'anywhere' | 'hint' | 'fixed' | 'noreplace';
  /** Bytes from the start of the arena; meaningless without a place. */
  readonly address: number;
  /** Pages, rounded up; infinite when rounding up leaves the 64-bit range. */
  readonly pages: number;
  readonly pgoff: number;
  /** VM_READ, VM_WRITE and VM_EXEC. */
  readonly access: number;
  readonly type: 'none' | 'private' | 'shared' | 'validate' | 'both-bits-and-more';
  readonly hasUnknownFlag: boolean;
  readonly noreserve: boolean;
}

/** `do_mmap`, its checks in its order; returns the first page. */
export function doMmap(space: AddressSpace, file: OpenFile, request: MmapRequest): Result {
  const { pages, pgoff } = request;
  if (pages === 0) return 'EINVAL';
  if (pages === Infinity) return 'ENOMEM';

  const start = unmappedArea(space, request);
  if (typeof start !== 'number') return start;
  if (request.place === 'noreplace' && space.intersects(start, start + pages)) return 'EEXIST';

  const { driver } = space.kernel;
  // `file_mmap_ok`: the end must stay below 2^63 bytes for a regular file, below 2^64 for a device.
  if (pgoff + pages >= (driver.isRegularFile ? 2 ** 51 : 2 ** 52)) return 'EOVERFLOW';

  const flags = flagsFor(file, request, driver.isOnNoexec);
  return typeof flags === 'number' ? mapRegion(space, file, start, request, flags) : flags;
}

/** The part of `do_mmap` that looks at type and file; returns vm_flags. */
function flagsFor(file: OpenFile, request: MmapRequest, isOnNoexec: boolean): number | Errno {
  const { type, access } = request;
  let flags = access | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  switch (type) {
    case 'shared':
    case 'validate':
      // Only MAP_SHARED_VALIDATE looks at flags that it does not know.
      // MAP_FIXED_NOREPLACE is such a flag: LEGACY_MAP_MASK is older.
      if (type === 'validate' && (request.hasUnknownFlag || request.place === 'noreplace')) return 'EOPNOTSUPP';
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
  return request.noreserve ? flags | VM_NORESERVE : flags;
}

/** `__get_unmapped_area`: where the mapping goes. */
function unmappedArea(space: AddressSpace, request: MmapRequest): Result {
  const { pages, place, address } = request;
  if (pages > TASK_PAGES) return 'ENOMEM';
  if (place === 'fixed' || place === 'noreplace') {
    return address % PAGE_SIZE === 0 ? address / PAGE_SIZE : 'EINVAL';
  }
  if (place === 'hint') {
    // `round_hint_to_min` rounds down; a hint that is taken is no error.
    const page = Math.floor(address / PAGE_SIZE);
    if (!space.intersects(page, page + pages)) return page;
  }
  return highestGap(space, ARENA, pages) ?? highestGap(space, ZONE, pages) ?? 'ENOMEM';
}

/** `vm_unmapped_area` top-down, within one of the two ranges that are not somebody else's. */
function highestGap(space: AddressSpace, within: PageRange, pages: number): number | null {
  let end = within.end;
  for (let index = space.indexFrom(within.end) - 1; index >= 0; index -= 1) {
    const vma = space.vmas[index];
    if (vma === undefined || vma.end <= within.start) break;
    if (end - vma.end >= pages) break;
    end = vma.start;
  }
  return end - within.start >= pages ? end - pages : null;
}

/** `__mmap_region` of 6.12. */
function mapRegion(space: AddressSpace, file: OpenFile, start: number, request: MmapRequest, asked: number): Result {
  const { pages, pgoff } = request;
  const end = start + pages;
  let flags = asked;

  // What is in the way is split off first, and stays so when memory does not suffice.
  const inTheWay = space.gather(start, end);
  if ((flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE) {
    const accounted = inTheWay.reduce((sum, vma) => ((vma.flags & VM_ACCOUNT) === 0 ? sum : sum + vma.pages), 0);
    if (exceedsMemory(pages - accounted)) return 'ENOMEM';
    flags |= VM_ACCOUNT;
  }
  // From here on it is gone, even if the driver refuses.
  space.discard(inTheWay);

  const candidate = { start, end, pgoff, flags, file, anonVma: null };
  if (mergeNewRange(space, candidate) !== null) return start;

  const vma = new Vma(start, end, pgoff, flags | VM_SOFTDIRTY, file);
  const errno = space.kernel.driver.mmap(vma);
  if (errno !== null) return errno;
  // Flags that the driver has set may make the VMA equal to a neighbour; the kernel looks again if there is one below.
  const changed = vma.flags & ~VM_SOFTDIRTY;
  if (changed !== flags && space.indexFrom(start) > 0) {
    if (mergeNewRange(space, { ...candidate, flags: changed }) !== null) return start;
  }
  file.references += 1;
  space.insert(vma);
  return start;
}
