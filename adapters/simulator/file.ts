import type { Frame } from './frames.ts';

/**
 * A file position. The kernel hands the driver a pointer to one (`loff_t *ppos`): that of the description for `read`, a
 * temporary one for `pread`.
 */
export class Position {
  #value: number | bigint;

  /** A bigint where a double cannot hold the value. */
  constructor(value: number | bigint) {
    this.#value = value;
  }

  /** Beyond 2^53 only nearly exact, which no buffer can tell. */
  get bytes(): number {
    return Number(this.#value);
  }

  set(value: number | bigint): void {
    this.#value = value;
  }

  toBigInt(): bigint {
    return BigInt(this.#value);
  }

  toString(): string {
    return String(this.#value);
  }
}

export type Access = 'ro' | 'wo' | 'rw' | 'neither';

export interface OpenOptions {
  /** O_PATH: a description that only names the node. */
  readonly isPath?: boolean;
  /** O_APPEND. */
  readonly isAppend?: boolean;
}

/** `struct file`: an open file description, shared by all descriptors and mappings that refer to it. */
export class OpenFile {
  /** `f_count`: descriptors, VMAs, and messages under way. */
  references = 1;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly isPath: boolean;
  readonly isAppend: boolean;
  readonly position = new Position(0);
  /** `private_data`: the frames that this description reads, writes and maps. */
  buffer: readonly Frame[] = [];

  constructor(access: Access, { isPath = false, isAppend = false }: OpenOptions = {}) {
    this.readable = !isPath && (access === 'ro' || access === 'rw');
    this.writable = !isPath && (access === 'wo' || access === 'rw');
    this.isPath = isPath;
    this.isAppend = isAppend;
  }
}

/** `struct files_struct`: descriptor numbers of one process, 0 being the first that a program can get. */
export class DescriptorTable {
  #files: (OpenFile | null)[] = [];

  /** `fget`: what was opened with O_PATH cannot be used. */
  get(descriptor: number): OpenFile | null {
    const file = this.getRaw(descriptor);
    return file?.isPath === true ? null : file;
  }

  /** `fget_raw`: for what does not look into the file. */
  getRaw(descriptor: number): OpenFile | null {
    return this.#files[descriptor] ?? null;
  }

  /** `alloc_fd`: the lowest number that is free, or null when it lies beyond the limit. */
  lowestFree(limit: number): number | null {
    const hole = this.#files.indexOf(null);
    const free = hole === -1 ? this.#files.length : hole;
    return free < limit ? free : null;
  }

  install(descriptor: number, file: OpenFile): void {
    while (this.#files.length < descriptor) this.#files.push(null);
    this.#files[descriptor] = file;
  }

  remove(descriptor: number): void {
    this.#files[descriptor] = null;
  }

  /** `dup_fd`: the child's table refers to the same descriptions. */
  copyTo(child: DescriptorTable): void {
    child.#files = this.#files.slice();
    for (const file of child.#files) if (file !== null) file.references += 1;
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
