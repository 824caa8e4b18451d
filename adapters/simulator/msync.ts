import type { AddressSpace } from './address-space.ts';
import type { Result } from './errno.ts';
import { VM_LOCKED, VM_SHARED } from './vm-flags.ts';

export interface MsyncFlags {
  readonly async: boolean;
  readonly sync: boolean;
  readonly invalidate: boolean;
}

/** `msync`, after the checks of its arguments. */
export function doMsync(space: AddressSpace, start: number, end: number, flags: MsyncFlags): Result {
  const isOnlyAsync = flags.async && !flags.invalidate;
  let hasHole = false;
  let next = start;
  while (next < end) {
    const vma = space.vmas[space.indexFrom(next)];
    if (vma === undefined) return 'ENOMEM';
    if (next < vma.start) {
      if (isOnlyAsync || vma.start >= end) return 'ENOMEM';
      hasHole = true;
    }
    if (flags.invalidate && (vma.flags & VM_LOCKED) !== 0) return 'EBUSY';
    // No driver that a contract describes has fsync (`vfs_fsync_range`).
    if (flags.sync && (vma.flags & VM_SHARED) !== 0) return 'EINVAL';
    next = vma.end;
  }
  return hasHole ? 'ENOMEM' : 0;
}
