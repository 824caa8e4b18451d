import type { AddressSpace } from './address-space.ts';
import type { Errno } from './errno.ts';
import type { Frame } from './frames.ts';
import type { PageTableEntry } from './page-table.ts';
import { handleFault } from './page-fault.ts';
import type { Vma } from './vma.ts';
import {
  VM_IO,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from './vm-flags.ts';

/** FOLL_ flags of `__get_user_pages`. */
export interface GupFlags {
  readonly write: boolean;
  /** FOLL_FORCE: against the protection of the mapping. */
  readonly force?: boolean;
  /** FOLL_PIN: private copies that processes share are unshared even for reading. */
  readonly pin?: boolean;
  /** FOLL_MADV_POPULATE: tells wrong mappings and failed faults apart. */
  readonly populate?: boolean;
}

/** The frames that were found, and why there are not more of them: null when all are there. */
export interface UserPages {
  readonly frames: readonly Frame[];
  readonly error: Errno | null;
}

/** `__get_user_pages`: brings pages in, one after the other, until one cannot be had. */
export function getUserPages(space: AddressSpace, start: number, count: number, flags: GupFlags): UserPages {
  const frames: Frame[] = [];
  let vma: Vma | undefined;
  for (let page = start; page < start + count; page += 1) {
    if (vma === undefined || page >= vma.end) {
      vma = space.find(page);
      if (vma === undefined) return { frames, error: flags.populate === true ? 'ENOMEM' : 'EFAULT' };
      if (!areFlagsFine(vma, flags)) return { frames, error: flags.populate === true ? 'EINVAL' : 'EFAULT' };
    }
    const frame = followOrFault(space, vma, page, flags);
    if (frame === null) return { frames, error: 'EFAULT' };
    frames.push(frame);
  }
  return { frames, error: null };
}

/** `check_vma_flags`. */
function areFlagsFine(vma: Vma, { write, force = false }: GupFlags): boolean {
  // What is mapped there is no `struct page` that anybody could hold.
  if ((vma.flags & (VM_IO | VM_PFNMAP)) !== 0) return false;
  if (write) return (vma.flags & VM_WRITE) !== 0 || (force && vma.isCopyOnWrite);
  return (vma.flags & VM_READ) !== 0 || (force && (vma.flags & VM_MAYREAD) !== 0);
}

/** `follow_page_mask` and `faultin_page`, in turns until the page is there as it is wanted. */
function followOrFault(space: AddressSpace, vma: Vma, page: number, flags: GupFlags): Frame | null {
  // Against the protection, older kernels (FOLL_COW) believe only a fault of their own that a page is a private copy.
  let mayForce = !space.kernel.version.forcedWriteFaults;
  for (;;) {
    const entry = space.pageTable.get(page);
    if (entry !== undefined && (!flags.write || entry.writable || (mayForce && isForcedBy(vma, entry, flags)))) {
      if (!mustUnshare(space, entry, flags)) return entry.frame;
      handleFault(space, vma, page, 'unshare');
    } else if (handleFault(space, vma, page, flags.write ? 'write' : 'read') !== 'done') {
      return null;
    } else {
      mayForce = true;
    }
  }
}

/** `can_follow_write_pte` for an entry that is not writable. */
function isForcedBy(vma: Vma, entry: PageTableEntry, { force = false }: GupFlags): boolean {
  if (!force || (vma.flags & (VM_MAYSHARE | VM_SHARED | VM_WRITE)) !== 0 || (vma.flags & VM_MAYWRITE) === 0)
    return false;
  if (!entry.frame.anonymous || !entry.frame.exclusive) return false;
  return (vma.flags & VM_SOFTDIRTY) !== 0 || entry.softDirty;
}

/** `gup_must_unshare`. */
function mustUnshare({ kernel }: AddressSpace, { frame }: PageTableEntry, { write, pin = false }: GupFlags): boolean {
  return kernel.version.unsharesPinnedPages && pin && !write && frame.anonymous && !frame.exclusive;
}
