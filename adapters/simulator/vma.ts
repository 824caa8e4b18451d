import type { AnonVma } from './anon-vma.ts';
import type { OpenFile } from './file.ts';
import type { Frame } from './frames.ts';
import {
  VM_ACCESS_FLAGS,
  VM_EXEC,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from './vm-flags.ts';

/** `struct vm_operations_struct`; a driver leaves out what it does not need. */
export interface VmOperations {
  readonly open: ((vma: Vma) => void) | null;
  readonly close: ((vma: Vma) => void) | null;
  /** Returns a frame with a reference for the page table entry, or SIGBUS. */
  readonly fault: ((vma: Vma, pgoff: number, write: boolean) => Frame | 'SIGBUS') | null;
}

/** `struct vm_area_struct`: a range of pages that share one description. Pages count from the start of the arena. */
export class Vma {
  start: number;
  end: number;
  /** Page of the file that the first page shows. */
  pgoff: number;
  flags: number;
  readonly file: OpenFile;
  /** Null until the driver's `mmap` has set it. */
  operations: VmOperations | null = null;
  /** The anon_vma that new private copies belong to. */
  anonVma: AnonVma | null = null;
  /** Every anon_vma that may hold pages of this VMA, oldest first: its own one and those of its ancestors. */
  chain: AnonVma[] = [];
  /** `vm_anon_pgoff` (7.3): the page that this one was or would have been when it was first mapped here. */
  anonPgoff: number;
  /** `vm_page_prot`: what entries of pages get that were only read. */
  #protection: number;

  constructor(start: number, end: number, pgoff: number, flags: number, file: OpenFile) {
    this.start = start;
    this.end = end;
    this.pgoff = pgoff;
    this.flags = flags;
    this.file = file;
    this.anonPgoff = start;
    this.#protection = protectionOf(flags);
  }

  get pages(): number {
    return this.end - this.start;
  }

  /** `linear_page_index`. */
  pgoffAt(page: number): number {
    return this.pgoff + (page - this.start);
  }

  /** `__linear_anon_page_index`. */
  anonPgoffAt(page: number): number {
    return this.anonPgoff + (page - this.start);
  }

  /** Begins at another page, and shows there what it would have shown. */
  moveStart(page: number): void {
    this.pgoff = this.pgoffAt(page);
    this.anonPgoff = this.anonPgoffAt(page);
    this.start = page;
  }

  /** `vm_area_dup`: a copy that is on no chain yet. */
  duplicate(): Vma {
    const copy = new Vma(this.start, this.end, this.pgoff, this.flags, this.file);
    copy.operations = this.operations;
    copy.anonVma = this.anonVma;
    copy.anonPgoff = this.anonPgoff;
    copy.#protection = this.#protection;
    return copy;
  }

  /** Whether a page that was only read can be written without a fault. */
  get isReadWritable(): boolean {
    return (this.#protection & WRITABLE) !== 0;
  }

  /**
   * `vma_set_page_prot`. Without VM_SOFTDIRTY the first write to each page must be noticed (`vma_wants_writenotify`). Only
   * some changes of the flags come by here, so that the protection may be older than the flags.
   */
  setPageProtection(): void {
    const isNoticed = isSharedWritable(this.flags) && (this.flags & VM_SOFTDIRTY) === 0;
    this.#protection = protectionOf(isNoticed ? this.flags & ~VM_SHARED : this.flags);
  }

  /** `vma_wants_writenotify` of a shared VMA whose flags have just changed, but not yet its protection. */
  get wantsWriteNotify(): boolean {
    if (!isSharedWritable(this.flags) || (this.flags & VM_SOFTDIRTY) !== 0) return false;
    // A protection that does not belong to the flags is taken for the driver's doing.
    return this.#protection === protectionOf(this.flags);
  }

  /** `is_cow_mapping`. */
  get isCopyOnWrite(): boolean {
    return (this.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;
  }
}

/** Bits of `vm_page_prot`. */
const ACCESSIBLE = 0x1;
const WRITABLE = 0x2;
const EXECUTABLE = 0x4;

/** `vm_get_page_prot`: only shared pages are writable from the start. */
function protectionOf(flags: number): number {
  if ((flags & VM_ACCESS_FLAGS) === 0) return 0;
  return ACCESSIBLE | (isSharedWritable(flags) ? WRITABLE : 0) | ((flags & VM_EXEC) === 0 ? 0 : EXECUTABLE);
}

function isSharedWritable(flags: number): boolean {
  return (flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE);
}

/** The permissions as maps prints them (`show_vma_header_prefix`): VM_MAYSHARE, not VM_SHARED, makes the `s`. */
export function permissionsOf(flags: number): string {
  const read = (flags & VM_READ) === 0 ? '-' : 'r';
  const write = (flags & VM_WRITE) === 0 ? '-' : 'w';
  const execute = (flags & VM_EXEC) === 0 ? '-' : 'x';
  return read + write + execute + ((flags & VM_MAYSHARE) === 0 ? 'p' : 's');
}
