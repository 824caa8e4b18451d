import type { AddressSpace } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { PAGE_SIZE, TASK_PAGES } from './machine.ts';
import { unmappedArea } from './unmapped-area.ts';
import { expand, isExpandable, moveVma } from './move-vma.ts';
import { doNewMremap } from './mremap-new.ts';
import { populate } from './populate.ts';
import type { Vma } from './vma.ts';
import { VM_DONTEXPAND, VM_MAYSHARE, VM_PFNMAP, VM_SHARED } from './vm-flags.ts';

/** The arguments of mremap(2); addresses are bytes from the start of the arena, lengths are rounded up to pages. */
export interface MremapRequest {
  readonly address: number;
  readonly oldPages: number;
  readonly newPages: number;
  /** Whether the two lengths were the same before they were rounded. */
  readonly keepsLength: boolean;
  readonly flags: ReadonlySet<'maymove' | 'fixed' | 'dontunmap' | 'unknown'>;
  /** Null stands for address 0. */
  readonly newAddress: number | null;
}

/** What was done: where the mapping is now, and whether what it has grown by is to be brought in. */
interface Moved {
  readonly start: number;
  readonly isLocked: boolean;
}

/** `mremap` until 6.16. */
export function doMremap(space: AddressSpace, request: MremapRequest): Result {
  const { version } = space.kernel;
  if (version.mremap === 'new') return doNewMremap(space, request);
  const errno = wrongArguments(request);
  if (errno !== null) return errno;
  const start = request.address / PAGE_SIZE;
  const { oldPages, newPages, flags } = request;
  if (version.mremap === 'middle' && space.find(start) === undefined) return 'EFAULT';

  const isMove = flags.has('fixed') || flags.has('dontunmap');
  const moved = isMove ? moveTo(space, start, request) : resize(space, start, oldPages, newPages, flags.has('maymove'));
  if (typeof moved === 'string') return moved;
  if (moved.isLocked && newPages > oldPages) populate(space, moved.start + oldPages, moved.start + newPages);
  return moved.start;
}

function wrongArguments({ address, newPages, keepsLength, flags }: MremapRequest): Errno | null {
  if (flags.has('unknown')) return 'EINVAL';
  if (flags.has('fixed') && !flags.has('maymove')) return 'EINVAL';
  if (flags.has('dontunmap') && (!flags.has('maymove') || !keepsLength)) return 'EINVAL';
  return address % PAGE_SIZE !== 0 || newPages === 0 ? 'EINVAL' : null;
}

/** Without MREMAP_FIXED and MREMAP_DONTUNMAP: in place if that is possible. */
function resize(
  space: AddressSpace,
  start: number,
  oldPages: number,
  newPages: number,
  mayMove: boolean,
): Moved | Errno {
  if (oldPages >= newPages) {
    const errno = oldPages === newPages ? null : space.unmap(start + newPages, start + oldPages);
    return errno ?? { start, isLocked: false };
  }
  const vma = resizable(space, start, oldPages, newPages, false);
  if (typeof vma === 'string') return vma;

  if (start + oldPages === vma.end && isExpandable(space, vma, newPages - oldPages)) {
    const isLocked = expand(space, vma, newPages - oldPages);
    return typeof isLocked === 'string' ? isLocked : { start, isLocked };
  }
  if (!mayMove) return 'ENOMEM';
  const place = unmappedArea(space, {
    pages: newPages,
    pgoff: vma.pgoffAt(start),
    place: 'anywhere',
    address: 0,
  });
  if (typeof place === 'string') return place;
  return movedTo(place, moveVma(space, vma, { start, oldPages, newPages, place, dontUnmap: false }));
}

function movedTo(start: number, isLocked: boolean | Errno): Moved | Errno {
  return typeof isLocked === 'string' ? isLocked : { start, isLocked };
}

/** `vma_to_resize`. */
function resizable(
  space: AddressSpace,
  start: number,
  oldPages: number,
  newPages: number,
  dontUnmap: boolean,
): Vma | Errno {
  const vma = space.find(start);
  if (vma === undefined) return 'EFAULT';
  // A private mapping cannot be duplicated: the new one would have nothing to do with it.
  if (oldPages === 0 && (vma.flags & (VM_SHARED | VM_MAYSHARE)) === 0) return 'EINVAL';
  // Until 5.12 only for anonymous mappings.
  const isFixedInSize = (vma.flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0;
  if (dontUnmap && (isFixedInSize || space.kernel.version.mremap === 'old')) return 'EINVAL';
  if (oldPages > vma.end - start) return 'EFAULT';
  if (newPages === oldPages) return vma;
  if (isFixedInSize) return 'EFAULT';
  // 5.10 counts bytes in 64 bits.
  const { sumsLockedBytes } = space.kernel.version;
  const lockedMore = sumsLockedBytes
    ? ((space.lockedPages + newPages - oldPages) % 2 ** 52) - space.lockedPages
    : newPages - oldPages;
  if (!space.mayLock(vma.flags, lockedMore)) return 'EAGAIN';
  return space.mayExpand(newPages - oldPages) ? vma : 'ENOMEM';
}

/** `mremap_to`: to a given place, or anywhere for MREMAP_DONTUNMAP. What is unmapped before an error stays so. */
function moveTo(space: AddressSpace, start: number, request: MremapRequest): Moved | Errno {
  const { newPages, flags, newAddress } = request;
  const isFixed = flags.has('fixed');
  const dontUnmap = flags.has('dontunmap');
  let { oldPages } = request;
  if (newAddress !== null && newAddress % PAGE_SIZE !== 0) return 'EINVAL';
  if (newPages > TASK_PAGES) return 'EINVAL';
  const target = newAddress === null ? null : newAddress / PAGE_SIZE;
  if (target !== null && start + oldPages > target && target + newPages > start) return 'EINVAL';
  if (space.lacksAreas(6)) return 'ENOMEM';

  if (isFixed && target !== null) {
    const errno = space.unmap(target, target + newPages);
    if (errno !== null) return errno;
  }
  if (oldPages > newPages) {
    const errno = space.unmap(start + newPages, start + oldPages);
    if (errno !== null) return errno;
    oldPages = newPages;
  }
  const vma = resizable(space, start, oldPages, newPages, dontUnmap);
  if (typeof vma === 'string') return vma;
  if (dontUnmap && !space.mayExpand(oldPages)) return 'ENOMEM';

  const how = isFixed ? 'fixed' : target === null ? 'anywhere' : 'hint';
  const address = newAddress ?? 0;
  const place = unmappedArea(space, { pages: newPages, pgoff: vma.pgoffAt(start), place: how, address });
  if (typeof place === 'string') return place;
  return movedTo(place, moveVma(space, vma, { start, oldPages, newPages, place, dontUnmap }));
}
