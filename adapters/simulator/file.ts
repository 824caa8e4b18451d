import type { Frame } from './frames.ts';

/**
 * A file position. The kernel hands the driver a pointer to one (`loff_t *ppos`): that of the description for `read`, a
 * temporary one for `pread`.
 */
export class Position {
  /** Bytes; beyond 2^53 only nearly exact, which no buffer can tell. */
  bytes: number;
  /** The decimal digits of an offset that a double cannot hold. */
  readonly #digits: string | null;

  constructor(bytes: number, digits: string | null = null) {
    this.bytes = bytes;
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits ?? String(this.bytes);
  }
}

/** `struct file`: an open file description, shared by all descriptors and mappings that refer to it. */
export class OpenFile {
  /** `f_count`: descriptors and VMAs. */
  references = 1;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly position = new Position(0);
  /** `private_data`: the frames that this description reads, writes and maps. */
  buffer: readonly Frame[] = [];

  constructor(access: 'ro' | 'wo' | 'rw') {
    this.readable = access !== 'wo';
    this.writable = access !== 'ro';
  }
}

/** `struct files_struct`: descriptor numbers of one process, 0 being the first that a program can get. */
export class DescriptorTable {
  #files: (OpenFile | null)[] = [];

  get(descriptor: number): OpenFile | null {
    return this.#files[descriptor] ?? null;
  }

  /** `alloc_fd`: the lowest number that is free; it may lie beyond every limit. */
  lowestFree(): number {
    const free = this.#files.indexOf(null);
    return free === -1 ? this.#files.length : free;
  }

  install(descriptor: number, file: OpenFile): void {
    this.#files[descriptor] = file;
  }

  remove(descriptor: number): void {
    this.#files[descriptor] = null;
  }

  /** `dup_fd`: the child's table refers to the same descriptions. */
  duplicate(): DescriptorTable {
    const copy = new DescriptorTable();
    copy.#files = this.#files.slice();
    for (const file of copy.#files) if (file !== null) file.references += 1;
    return copy;
  }

  /** The open descriptors, ascending. */
  numbers(): number[] {
    const numbers: number[] = [];
    this.#files.forEach((file, descriptor) => {
      if (file !== null) numbers.push(descriptor);
    });
    return numbers;
  }
}
