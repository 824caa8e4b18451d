import type { AnonVma } from './anon-vma.ts';
import type { Frame } from './frames.ts';
import type { OpenFile } from './file.ts';

/** Bits of `vm_flags` with the kernel's values (include/linux/mm.h), because smaps prints them in bit order. */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
export const VM_DONTEXPAND = 0x4_0000;
export const VM_ACCOUNT = 0x10_0000;
export const VM_NORESERVE = 0x20_0000;
export const VM_DONTDUMP = 0x400_0000;
export const VM_SOFTDIRTY = 0x800_0000;

export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;

/** The mnemonics of `show_smap_vma_flags`, in bit order. */
const MNEMONICS: readonly (readonly [bit: number, name: string])[] = [
  [VM_READ, 'rd'],
  [VM_WRITE, 'wr'],
  [VM_EXEC, 'ex'],
  [VM_SHARED, 'sh'],
  [VM_MAYREAD, 'mr'],
  [VM_MAYWRITE, 'mw'],
  [VM_MAYEXEC, 'me'],
  [VM_MAYSHARE, 'ms'],
  [VM_DONTEXPAND, 'de'],
  [VM_ACCOUNT, 'ac'],
  [VM_NORESERVE, 'nr'],
  [VM_DONTDUMP, 'dd'],
  [VM_SOFTDIRTY, 'sd'],
];

/** `struct vm_operations_struct`; a driver leaves out what it does not need. */
export interface VmOperations {
  readonly open: ((vma: Vma) => void) | null;
  readonly close: ((vma: Vma) => void) | null;
  /** Returns a frame with a reference for the page table entry, or SIGBUS. */
  readonly fault: (vma: Vma, pgoff: number, write: boolean) => Frame | 'SIGBUS';
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

  constructor(start: number, end: number, pgoff: number, flags: number, file: OpenFile) {
    this.start = start;
    this.end = end;
    this.pgoff = pgoff;
    this.flags = flags;
    this.file = file;
  }

  get pages(): number {
    return this.end - this.start;
  }

  /** `linear_page_index`. */
  pgoffAt(page: number): number {
    return this.pgoff + (page - this.start);
  }

  /** `vm_area_dup`: a copy that is on no chain yet. */
  duplicate(): Vma {
    const copy = new Vma(this.start, this.end, this.pgoff, this.flags, this.file);
    copy.operations = this.operations;
    copy.anonVma = this.anonVma;
    return copy;
  }
}

const flagNames = new Map<number, string>();

/** The flags as smaps prints them: `rd wr sh mr mw me ms sd`. */
export function namesOfFlags(flags: number): string {
  let names = flagNames.get(flags);
  if (names === undefined) {
    names = MNEMONICS.filter(([bit]) => (flags & bit) !== 0)
      .map(([, name]) => name)
      .join(' ');
    flagNames.set(flags, names);
  }
  return names;
}

/** The permissions as maps prints them (`show_vma_header_prefix`): VM_MAYSHARE, not VM_SHARED, makes the `s`. */
export function permissionsOf(flags: number): string {
  const read = (flags & VM_READ) === 0 ? '-' : 'r';
  const write = (flags & VM_WRITE) === 0 ? '-' : 'w';
  const execute = (flags & VM_EXEC) === 0 ? '-' : 'x';
  return read + write + execute + ((flags & VM_MAYSHARE) === 0 ? 'p' : 's');
}
