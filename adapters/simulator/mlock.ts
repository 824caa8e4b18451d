import type { AddressSpace } from './address-space.ts';
import type { Errno, Result } from './errno.ts';
import { populate, populateStrictly } from './populate.ts';
import type { Vma } from './vma.ts';
import { modify } from './vma-modify.ts';
import { VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL } from './vm-flags.ts';
import { ARENA, ZONE } from './machine.ts';

/** `do_mlock`: limits, then flags, then pages, which keep what was done before them. */
export function doMlock(space: AddressSpace, start: number, pages: number, flags: number): Result {
  const { limits } = space.kernel;
  if (!limits.mayLock) return 'EPERM';
  const end = start + pages;
  let locked = pages + space.lockedPages;
  // What is locked already does not count twice.
  if (limits.exceedsLocked(locked)) locked -= lockedIn(space, start, end);
  if (limits.exceedsLocked(locked)) return 'ENOMEM';
  const errno = applyLockFlags(space, start, end, flags);
  if (errno !== null) return errno;
  const error = populateStrictly(space, start, end);
  // `__mlock_posix_error_return`.
  if (error === 'EFAULT') return 'ENOMEM';
  return error === 'ENOMEM' ? 'EAGAIN' : (error ?? 0);
}

/** `munlock`, after its arithmetic. */
export function doMunlock(space: AddressSpace, start: number, pages: number): Result {
  return applyLockFlags(space, start, start + pages, 0) ?? 0;
}

/** `count_mm_mlocked_page_nr`. */
function lockedIn(space: AddressSpace, start: number, end: number): number {
  let count = 0;
  for (const vma of space.vmas) {
    if ((vma.flags & VM_LOCKED) === 0) continue;
    count += Math.max(0, Math.min(end, vma.end) - Math.max(start, vma.start));
  }
  return count;
}

/** `apply_vma_lock_flags`: VMA by VMA until one is missing. */
function applyLockFlags(space: AddressSpace, start: number, end: number, flags: number): Errno | null {
  let next = start;
  while (next < end) {
    const vma = space.find(next);
    if (vma === undefined) return 'ENOMEM';
    const changed = fixUp(space, vma, next, Math.min(vma.end, end), (vma.flags & ~VM_LOCKED_MASK) | flags);
    if (typeof changed === 'string') return changed;
    next = changed.end;
  }
  return null;
}

/** `mlock_fixup`: special VMAs are never locked, although their pages are brought in. */
function fixUp(space: AddressSpace, vma: Vma, start: number, end: number, flags: number): Vma | Errno {
  const before = vma.flags;
  if (flags === before || (before & VM_SPECIAL) !== 0) return vma;
  const { munlockKeepsFlags, mergedKeepsFlags } = space.kernel.version;
  const isUnlocked = (flags & VM_LOCKED) === 0;
  const changed = modify(space, vma, start, end, flags, mergedKeepsFlags || (isUnlocked && munlockKeepsFlags));
  if (typeof changed === 'string') return changed;
  if (isUnlocked) space.lockedPages -= end - start;
  else if ((before & VM_LOCKED) === 0) space.lockedPages += end - start;
  return changed;
}

export interface MlockallFlags {
  readonly current: boolean;
  readonly future: boolean;
  readonly onfault: boolean;
}

/** `mlockall`, after the check for unknown flags. */
export function doMlockall(space: AddressSpace, flags: MlockallFlags): Result {
  const { current, future } = flags;
  if (!current && !future) return 'EINVAL';
  const { limits } = space.kernel;
  if (!limits.mayLock) return 'EPERM';
  // What a process has mapped of its own is more than every limit that a program can set.
  if (current && limits.locked !== null) return 'ENOMEM';
  applyMlockallFlags(space, flags);
  if (current) for (const { start, end } of [ZONE, ARENA]) populate(space, start, end);
  return 0;
}

export function doMunlockall(space: AddressSpace): Result {
  applyMlockallFlags(space, { current: false, future: false, onfault: false });
  return 0;
}

/** `apply_mlockall_flags`: each call forgets what earlier ones asked for the future. */
function applyMlockallFlags(space: AddressSpace, { current, future, onfault }: MlockallFlags): void {
  const flags = VM_LOCKED | (onfault ? VM_LOCKONFAULT : 0);
  space.defaultFlags = future ? flags : 0;
  if (future && !current) return;
  for (let index = 0; index < space.vmas.length; index += 1) {
    const vma = space.vmas[index];
    if (vma === undefined) break;
    const wanted = (vma.flags & ~VM_LOCKED_MASK) | (current ? flags : 0);
    const changed = fixUp(space, vma, vma.start, vma.end, wanted);
    // A merge leaves fewer VMAs behind.
    if (typeof changed !== 'string') index = space.vmas.indexOf(changed);
  }
}
