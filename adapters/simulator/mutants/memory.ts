import { AddressSpace } from '../address-space.ts';
import type { Errno } from '../errno.ts';
import { type Frame, PhysicalMemory } from '../frames.ts';
import { PageTable, type PageTableEntry } from '../page-table.ts';
import type { Vma } from '../vma.ts';
import { VM_DONTCOPY, VM_LOCKED_MASK } from '../vm-flags.ts';
import { mutants } from './mutant.ts';

class WholeUnmapSpace extends AddressSpace {
  override gather(start: number, end: number): Vma[] | Errno {
    return super.gather(this.find(start)?.start ?? start, this.find(end - 1)?.end ?? end);
  }
}

class UnshiftedSplitSpace extends AddressSpace {
  override splitUnchecked(vma: Vma, page: number, side: 'below' | 'above'): void {
    super.splitUnchecked(vma, page, side);
    const above = this.find(page);
    const below = this.find(page - 1);
    if (above !== undefined && below !== undefined) above.pgoff = below.pgoff;
  }
}

class SilentSplitSpace extends AddressSpace {
  override splitUnchecked(vma: Vma, page: number, side: 'below' | 'above'): void {
    const { operations } = vma;
    vma.operations = null;
    super.splitUnchecked(vma, page, side);
    for (const part of [this.find(page), this.find(page - 1)]) if (part !== undefined) part.operations = operations;
  }
}

class SharingForkSpace extends AddressSpace {
  protected override copyPageRange(child: AddressSpace, vma: Vma): void {
    const pages = this.pageTable.presentIn(vma.start, vma.end);
    const writable = pages.filter((page) => this.pageTable.get(page)?.writable === true);
    super.copyPageRange(child, vma);
    for (const page of writable) {
      for (const { pageTable } of [this, child]) {
        const entry = pageTable.get(page);
        if (entry !== undefined) entry.writable = true;
      }
    }
  }
}

class ForgetfulForkSpace extends AddressSpace {
  protected override copyPageRange(): void {
    // The child finds the device's pages where its parent has private copies.
  }
}

class LockingForkSpace extends AddressSpace {
  override copyTo(child: AddressSpace): Errno | null {
    const errno = super.copyTo(child);
    for (const vma of child.vmas) vma.flags |= (this.find(vma.start)?.flags ?? 0) & VM_LOCKED_MASK;
    return errno;
  }
}

class FullForkSpace extends AddressSpace {
  override copyTo(child: AddressSpace): Errno | null {
    const left = this.vmas.filter(({ flags }) => (flags & VM_DONTCOPY) !== 0);
    for (const vma of left) vma.flags &= ~VM_DONTCOPY;
    const errno = super.copyTo(child);
    for (const vma of left) vma.flags |= VM_DONTCOPY;
    return errno;
  }
}

class AbandoningExitSpace extends AddressSpace {
  override exit(): void {
    // Nothing is unmapped, so that no area is closed.
  }
}

class KeepingPageTable extends PageTable {
  override move(start: number, end: number, to: number): void {
    const entries = this.presentIn(start, end).map((page) => [page, this.get(page)] as const);
    super.move(start, end, to);
    for (const [page, entry] of entries) {
      if (entry === undefined) continue;
      entry.frame.references += 1;
      this.install(page, { ...entry });
    }
  }
}

class DroppingPageTable extends PageTable {
  override move(start: number, end: number): void {
    this.clearRange(start, end);
  }
}

class StalePageTable extends PageTable {
  override clearRange(): void {
    // What is unmapped stays present.
  }
}

class UnmarkedPageTable extends PageTable {
  override install(page: number, entry: PageTableEntry): void {
    super.install(page, { ...entry, softDirty: false });
  }
}

class BlankCopyMemory extends PhysicalMemory {
  override allocateCopy(source: Frame): Frame {
    const frame = super.allocateCopy(source);
    frame.bytes.fill(0);
    return frame;
  }
}

/** What kernels get wrong about memory: areas, page tables and physical pages. */
export const MEMORY_MUTANTS = mutants({
  'munmap-forgets-split': { AddressSpace: WholeUnmapSpace },
  'munmap-keeps-pages': { PageTable: StalePageTable },
  'offset-not-shifted-by-split': { AddressSpace: UnshiftedSplitSpace },
  'split-skips-vm-open': { AddressSpace: SilentSplitSpace },
  'fork-shares-private-pages': { AddressSpace: SharingForkSpace },
  'fork-loses-private-pages': { AddressSpace: ForgetfulForkSpace },
  'fork-keeps-locks': { AddressSpace: LockingForkSpace },
  'fork-ignores-dontfork': { AddressSpace: FullForkSpace },
  'exit-keeps-mappings': { AddressSpace: AbandoningExitSpace },
  'mremap-keeps-old-pages': { PageTable: KeepingPageTable },
  'mremap-loses-pages': { PageTable: DroppingPageTable },
  'dirty-not-set': { PageTable: UnmarkedPageTable },
  'copy-on-write-copies-nothing': { PhysicalMemory: BlankCopyMemory },
});
