import { cloneAnonVmas, forkAnonVma, unlinkAnonVmas } from './anon-vma.ts';
import type { Errno } from './errno.ts';
import type { Kernel } from './kernel.ts';
import { MACHINE_FACTS } from './machine.ts';
import type { PageTable } from './page-table.ts';
import type { Vma } from './vma.ts';
import {
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYBE_GUARD,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
} from './vm-flags.ts';

/** `struct mm_struct`: the VMAs of one process, ascending, and its page table. */
export class AddressSpace {
  readonly kernel: Kernel;
  readonly pageTable: PageTable;
  vmas: Vma[] = [];
  /** `total_vm` and `locked_vm`, in pages, without what the process had when the program started. */
  totalPages = 0;
  lockedPages = 0;
  /** `def_flags`: what mlockall has asked for all mappings to come. */
  defaultFlags = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.pageTable = new kernel.parts.PageTable(kernel.memory);
  }

  /** `find_vma`, as an index: the first VMA that ends after the page, whether or not it contains it. */
  indexFrom(page: number): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const vma = this.vmas[middle];
      if (vma !== undefined && vma.end <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The VMA that contains the page (`vma_lookup`). */
  find(page: number): Vma | undefined {
    const vma = this.vmas[this.indexFrom(page)];
    return vma !== undefined && vma.start <= page ? vma : undefined;
  }

  /** `find_vma_intersection`. */
  intersects(start: number, end: number): boolean {
    const vma = this.vmas[this.indexFrom(start)];
    return vma !== undefined && vma.start < end;
  }

  /** `vma_link`: the range must be free. */
  insert(vma: Vma): void {
    this.vmas.splice(this.indexFrom(vma.start), 0, vma);
  }

  /** `may_expand_vm`. */
  mayExpand(pages: number): boolean {
    return this.totalPages + pages <= this.kernel.limits.addressSpace;
  }

  /** `mlock_future_ok`. */
  mayLock(flags: number, pages: number): boolean {
    return (flags & VM_LOCKED) === 0 || !this.kernel.limits.exceedsLocked(this.lockedPages + pages);
  }

  /** Whether `map_count` has reached the limit so far that so many more would be too many. */
  lacksAreas(more: number): boolean {
    return this.vmas.length + more > this.kernel.limits.areas;
  }

  /** `split_vma`: refuses when there are too many already. */
  split(vma: Vma, page: number, side: 'below' | 'above'): Errno | null {
    if (this.lacksAreas(1)) return 'ENOMEM';
    this.splitUnchecked(vma, page, side);
    return null;
  }

  /**
   * `__split_vma`: a new VMA takes the part below or above the page. The driver's `open` runs for the new one only, and
   * nothing else is told that there are now two.
   */
  splitUnchecked(vma: Vma, page: number, side: 'below' | 'above'): void {
    const index = this.indexFrom(vma.start);
    const added = vma.duplicate();
    cloneAnonVmas(added, vma, this.kernel.version);
    added.file.references += 1;
    added.operations?.open?.(added);
    if (side === 'below') {
      added.end = page;
      vma.moveStart(page);
      this.vmas.splice(index, 0, added);
    } else {
      added.moveStart(page);
      vma.end = page;
      this.vmas.splice(index + 1, 0, added);
    }
  }

  /**
   * `vms_gather_munmap_vmas`: splits at the edges of the range, so that it holds whole VMAs only, and returns them. The
   * number of areas may pass its limit by one, unless a hole in the middle would leave it there.
   */
  gather(start: number, end: number): Vma[] | Errno {
    const first = this.vmas[this.indexFrom(start)];
    if (first === undefined || first.start >= end) return [];
    if (first.start < start) {
      if (end < first.end && this.lacksAreas(1)) return 'ENOMEM';
      this.splitUnchecked(first, start, 'below');
    }
    const from = this.indexFrom(start);
    let to = from;
    for (let vma = this.vmas[to]; vma !== undefined && vma.start < end; vma = this.vmas[to]) {
      if (vma.end > end) this.splitUnchecked(vma, end, 'above');
      to += 1;
    }
    return this.vmas.slice(from, to);
  }

  /** `vms_clean_up_area`, `vms_complete_munmap_vmas`: all pages go first, then the VMAs close in ascending order. */
  discard(gathered: readonly Vma[]): void {
    const first = gathered[0];
    if (first === undefined) return;
    for (const vma of gathered) {
      this.pageTable.clearRange(vma.start, vma.end);
      unlinkAnonVmas(vma);
    }
    this.vmas.splice(this.indexFrom(first.start), gathered.length);
    for (const vma of gathered) {
      vma.operations?.close?.(vma);
      this.kernel.putFile(vma.file);
      this.totalPages -= vma.pages;
      if ((vma.flags & VM_LOCKED) !== 0) this.lockedPages -= vma.pages;
    }
  }

  /** Takes a VMA away whose range a neighbour has taken over (`vma_complete`): nothing is closed, no page goes. */
  forget(vma: Vma): void {
    this.vmas.splice(this.vmas.indexOf(vma), 1);
    unlinkAnonVmas(vma);
    this.kernel.putFile(vma.file);
  }

  /** `do_vmi_munmap`, after its checks. */
  unmap(start: number, end: number): Errno | null {
    const gathered = this.gather(start, end);
    if (typeof gathered === 'string') return gathered;
    this.discard(gathered);
    return null;
  }

  /** `dup_mmap`: on ENOMEM the child keeps what was copied so far, for its `exit` to take away. */
  copyTo(child: AddressSpace): Errno | null {
    child.totalPages = this.totalPages;
    for (const vma of this.vmas) {
      if ((vma.flags & VM_DONTCOPY) !== 0) {
        child.totalPages -= vma.pages;
        continue;
      }
      if ((vma.flags & VM_ACCOUNT) !== 0 && exceedsMemory(vma.pages)) return 'ENOMEM';
      const copy = vma.duplicate();
      forkAnonVma(copy, vma, this.kernel.version);
      copy.flags &= ~VM_LOCKED_MASK;
      copy.file.references += 1;
      child.vmas.push(copy);
      this.copyPageRange(child, vma);
      copy.operations?.open?.(copy);
    }
    return null;
  }

  /** `exit_mmap`. */
  exit(): void {
    this.discard(this.vmas.slice());
  }

  /**
   * `copy_page_range`. A VMA without anon_vma has no private copies, so its pages can be faulted in again and none is
   * copied (`vma_needs_copy`); with one, all present pages are, those of the driver included. Guard markers cannot be
   * faulted in again, and neither can what a driver has put there by itself.
   */
  protected copyPageRange(child: AddressSpace, vma: Vma): void {
    if (vma.anonVma === null && (vma.flags & (VM_MAYBE_GUARD | VM_PFNMAP | VM_MIXEDMAP)) === 0) return;
    for (const page of this.pageTable.presentIn(vma.start, vma.end)) {
      const entry = this.pageTable.get(page);
      if (entry === undefined) continue;
      if (vma.isCopyOnWrite) entry.writable = false;
      if (entry.special !== true) {
        entry.frame.exclusive = false;
        this.kernel.memory.get(entry.frame);
      }
      const dirty = entry.dirty && (vma.flags & VM_SHARED) === 0;
      child.pageTable.install(page, { ...entry, dirty });
    }
    for (const page of this.pageTable.guardsIn(vma.start, vma.end)) child.pageTable.setGuard(page);
  }
}

/** `__vm_enough_memory` with OVERCOMMIT_GUESS: only a single request larger than all memory is refused. */
export function exceedsMemory(pages: number): boolean {
  return pages > MACHINE_FACTS.memoryPages;
}
