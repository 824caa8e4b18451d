import type { AddressSpace } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { PAGE_SIZE, TASK_PAGES } from './machine.ts';
import { unmappedArea } from './unmapped-area.ts';
import { expand, isExpandable, moveVma } from './move-vma.ts';
import type { MremapRequest } from './mremap.ts';
import { populate } from './populate.ts';
import type { Vma } from './vma.ts';
import { VM_DONTEXPAND, VM_PFNMAP, VM_LOCKED, VM_MAYSHARE, VM_SHARED } from './vm-flags.ts';

/** `struct vma_remap_struct`: one mremap, or the part of it that concerns one VMA; all in pages. */
interface Remap {
  readonly start: number;
  readonly oldPages: number;
  readonly newPages: number;
  /** Null stands for address 0. */
  readonly target: number | null;
  readonly isFixed: boolean;
  readonly dontUnmap: boolean;
  readonly mayMove: boolean;
}

/** `do_mremap` as it was rewritten in 6.17: everything that can be refused is refused before anything happens. */
export function doNewMremap(space: AddressSpace, request: MremapRequest): Result {
  if (isWrong(request)) return 'EINVAL';
  const { address, oldPages, newPages, newAddress, flags } = request;
  const remap: Remap = {
    start: address / PAGE_SIZE,
    oldPages,
    newPages,
    target: newAddress === null ? null : newAddress / PAGE_SIZE,
    isFixed: flags.has('fixed'),
    dontUnmap: flags.has('dontunmap'),
    mayMove: flags.has('maymove'),
  };
  if (space.lacksAreas(remap.dontUnmap ? 5 : 4)) return 'ENOMEM';
  if (remap.isFixed && oldPages === newPages) return moveAll(space, remap);

  const vma = space.find(remap.start);
  const errno = check(space, vma, remap);
  if (vma === undefined || errno !== null) return errno ?? 'EFAULT';
  const wantsPages = newPages > oldPages && (vma.flags & VM_LOCKED) !== 0;
  const result = impliesAddress(remap) ? moveTo(space, vma, remap) : resize(space, vma, remap);
  if (typeof result === 'number' && wantsPages) populate(space, result + oldPages, result + newPages);
  return result;
}

/** `check_mremap_params`. */
function isWrong({ address, oldPages, newPages, newAddress, flags }: MremapRequest): boolean {
  if (flags.has('unknown') || address % PAGE_SIZE !== 0 || newPages === 0 || newPages > TASK_PAGES) return true;
  if (!flags.has('fixed') && !flags.has('dontunmap')) return false;
  if (newAddress !== null && newAddress % PAGE_SIZE !== 0) return true;
  if (!flags.has('maymove') || (flags.has('dontunmap') && oldPages !== newPages)) return true;
  if (newAddress === null) return false;
  return address + oldPages * PAGE_SIZE > newAddress && newAddress + newPages * PAGE_SIZE > address;
}

/** `vrm_implies_new_addr`. */
function impliesAddress({ isFixed, dontUnmap }: Remap): boolean {
  return isFixed || dontUnmap;
}

/** `check_prep_vma`. */
function check(space: AddressSpace, vma: Vma | undefined, remap: Remap): Errno | null {
  if (vma === undefined) return 'EFAULT';
  const { start, newPages, dontUnmap } = remap;
  if (newPages <= remap.oldPages && !impliesAddress(remap)) return null;
  if (remap.oldPages === 0 && (vma.flags & (VM_SHARED | VM_MAYSHARE)) === 0) return 'EINVAL';
  if (dontUnmap && (vma.flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0) return 'EINVAL';
  // What is only unmapped may lie in other VMAs.
  const oldPages = Math.min(remap.oldPages, newPages);
  if (oldPages > vma.end - start) return 'EFAULT';
  if (newPages === oldPages) return null;
  if ((vma.flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0) return 'EFAULT';
  if (!space.mayLock(vma.flags, newPages - oldPages)) return 'EAGAIN';
  return space.mayExpand(newPages - oldPages) ? null : 'ENOMEM';
}

/** `mremap_at`. */
function resize(space: AddressSpace, vma: Vma, remap: Remap): Result {
  const { start, oldPages, newPages, mayMove } = remap;
  if (oldPages === newPages) return start;
  if (oldPages > newPages) return space.unmap(start + newPages, start + oldPages) ?? start;
  if (start + oldPages === vma.end && isExpandable(space, vma, newPages - oldPages)) {
    const isLocked = expand(space, vma, newPages - oldPages);
    return typeof isLocked === 'string' ? isLocked : start;
  }
  return mayMove ? move(space, vma, remap, oldPages) : 'ENOMEM';
}

/** `mremap_to`: makes room, cuts off what is too much, and moves the rest. */
function moveTo(space: AddressSpace, first: Vma, remap: Remap): Result {
  const { start, newPages, target, isFixed, dontUnmap } = remap;
  let vma: Vma | undefined = first;
  if (isFixed && target !== null) {
    const errno = space.unmap(target, target + newPages);
    if (errno !== null) return errno;
    vma = space.find(start);
    if (vma === undefined) return 'EFAULT';
  }
  if (remap.oldPages > newPages) {
    const errno = space.unmap(start + newPages, start + remap.oldPages);
    if (errno !== null) return errno;
    vma = space.find(start);
    if (vma === undefined) return 'EFAULT';
  }
  const oldPages = Math.min(remap.oldPages, newPages);
  if (dontUnmap && !space.mayExpand(oldPages)) return 'ENOMEM';
  return move(space, vma, remap, oldPages);
}

/** `vrm_set_new_addr`, `move_vma`. */
function move(space: AddressSpace, vma: Vma, remap: Remap, oldPages: number): Result {
  const { start, newPages, target, isFixed, dontUnmap } = remap;
  const wanted = impliesAddress(remap) ? target : null;
  const how = isFixed ? 'fixed' : wanted === null ? 'anywhere' : 'hint';
  const pgoff = vma.pgoffAt(start);
  const place = unmappedArea(space, { pages: newPages, pgoff, place: how, address: (wanted ?? 0) * PAGE_SIZE });
  if (typeof place === 'string') return place;
  const isLocked = moveVma(space, vma, { start, oldPages, newPages, place, dontUnmap });
  return typeof isLocked === 'string' ? isLocked : place;
}

/**
 * `remap_move`: a move that changes no size may take several VMAs along, and keeps the gaps between them. What was moved
 * before an error stays moved.
 */
function moveAll(space: AddressSpace, remap: Remap): Result {
  const end = remap.start + remap.oldPages;
  // Where the driver places mappings itself (as proc does for its files), only one VMA moves at a time.
  const mayTakeMore = !space.kernel.driver.isRegularFile;
  let result: number | null = null;
  let target = remap.target ?? 0;
  let from = remap.start;
  for (let vma = next(space, from, end); vma !== undefined; vma = next(space, from, end)) {
    if (result === null && remap.start < vma.start) return 'EFAULT';
    if (!mayTakeMore && (result !== null || vma.end < end)) return 'EFAULT';
    const start = Math.max(vma.start, remap.start);
    const pages = Math.min(end, vma.end) - start;
    if (result !== null) target += vma.start - from;
    from = vma.end;
    const part = { ...remap, start, oldPages: pages, newPages: pages, target };
    const moved = check(space, vma, part) ?? moveTo(space, vma, part);
    if (typeof moved === 'string') return moved;
    result ??= moved;
    target = moved + pages;
  }
  return result ?? 'EFAULT';
}

/** The first VMA in a range. */
function next(space: AddressSpace, start: number, end: number): Vma | undefined {
  const vma = space.vmas[space.indexFrom(start)];
  return vma !== undefined && vma.start < end ? vma : undefined;
}
