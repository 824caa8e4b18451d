import { cloneAnonVmas, forkAnonVma, unlinkAnonVmas } from './anon-vma.ts';
import type { Errno } from './errno.ts';
import type { Kernel } from './kernel.ts';
import { FACTS } from './machine.ts';
import { PageTable } from './page-table.ts';
import { VM_ACCOUNT, VM_MAYWRITE, VM_SHARED, type Vma } from './vma.ts';

/** `struct mm_struct`: the VMAs of one process, ascending, and its page table. */
export class AddressSpace {
  readonly kernel: Kernel;
  readonly pageTable: PageTable;
  vmas: Vma[] = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.pageTable = new PageTable(kernel.memory);
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

  /** The VMA that contains the page. */
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

  /**
   * `__split_vma`: a new VMA takes the part below or above the page. The driver's `open` runs for the new one only, and
   * nothing else is told that there are now two.
   */
  split(vma: Vma, page: number, side: 'below' | 'above'): void {
    const index = this.indexFrom(vma.start);
    const added = vma.duplicate();
    cloneAnonVmas(added, vma);
    added.file.references += 1;
    added.operations?.open?.(added);
    if (side === 'below') {
      added.end = page;
      vma.pgoff = vma.pgoffAt(page);
      vma.start = page;
      this.vmas.splice(index, 0, added);
    } else {
      added.pgoff = vma.pgoffAt(page);
      added.start = page;
      vma.end = page;
      this.vmas.splice(index + 1, 0, added);
    }
  }

  /** `vms_gather_munmap_vmas`: splits at the edges of the range, so that it holds whole VMAs only, and returns them. */
  gather(start: number, end: number): Vma[] {
    const first = this.vmas[this.indexFrom(start)];
    if (first === undefined || first.start >= end) return [];
    if (first.start < start) this.split(first, start, 'below');
    const from = this.indexFrom(start);
    let to = from;
    for (let vma = this.vmas[to]; vma !== undefined && vma.start < end; vma = this.vmas[to]) {
      if (vma.end > end) this.split(vma, end, 'above');
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
    }
  }

  /** Takes a VMA away whose range a neighbour has taken over (`vma_complete`): nothing is closed, no page goes. */
  forget(vma: Vma): void {
    this.vmas.splice(this.vmas.indexOf(vma), 1);
    unlinkAnonVmas(vma);
    this.kernel.putFile(vma.file);
  }

  /** `do_vmi_munmap`, after its checks. */
  unmap(start: number, end: number): void {
    this.discard(this.gather(start, end));
  }

  /** `dup_mmap`: on ENOMEM the child keeps what was copied so far, for its `exit` to take away. */
  copyTo(child: AddressSpace): Errno | null {
    for (const vma of this.vmas) {
      if ((vma.flags & VM_ACCOUNT) !== 0 && exceedsMemory(vma.pages)) return 'ENOMEM';
      const copy = vma.duplicate();
      forkAnonVma(copy, vma);
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
   * copied (`vma_needs_copy`); with one, all present pages are, those of the driver included.
   */
  protected copyPageRange(child: AddressSpace, vma: Vma): void {
    if (vma.anonVma === null) return;
    const isCopyOnWrite = (vma.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
    for (const page of this.pageTable.presentIn(vma.start, vma.end)) {
      const entry = this.pageTable.get(page);
      if (entry === undefined) continue;
      if (isCopyOnWrite) entry.writable = false;
      this.kernel.memory.get(entry.frame);
      child.pageTable.install(page, entry.frame, entry.writable);
    }
  }
}

/** `__vm_enough_memory` with OVERCOMMIT_GUESS: only a single request larger than all memory is refused. */
export function exceedsMemory(pages: number): boolean {
  return pages > FACTS.memoryPages;
}
