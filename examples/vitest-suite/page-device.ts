import {
  type Adapter,
  type Configuration,
  type ContractRefused,
  encodeBytes,
  expandData,
  type Introduction,
  type NodeFacts,
  type Observation,
  type Operation,
  type Outcome,
  type Program,
  type ProgramObservations,
  type ProgramSkipped,
} from 'mmap-conformance';

const PAGE = 4096;
const ARENA_PAGES = 32;

/** An open file: its buffer is one page. */
interface Description {
  readonly page: Uint8Array;
  readonly access: 'ro' | 'wo' | 'rw';
  position: number;
}

/** A mapped page. A private one gets a copy of its own with the first store. */
interface MappedPage {
  bytes: Uint8Array;
  readonly shared: boolean;
  copied: boolean;
  readonly prot: string;
}

type Op<Name extends Operation['op']> = Extract<Operation, { op: Name }>;

/** What this device does not implement; a program that needs it is skipped. */
class NotImplemented extends Error {}

/** A device with one page for each open file, in memory. It observes outcomes only. */
export class PageDevice implements Adapter {
  #initial = '';
  #size = 0;
  #descriptors = new Map<string, Description>();
  #numbers = new Map<string, number>();
  #mappings = new Map<string, number>();
  #pages = new Map<number, MappedPage>();

  start(): Introduction {
    return {
      implementation: { name: 'page-device', version: '1' },
      levels: ['outcome'],
      operations: ['open', 'close', 'read', 'write', 'mmap', 'munmap', 'load', 'store', 'checkpoint'],
      kernel: { release: '6.12.0-page-device', machine: 'x86_64' },
      facts: {
        pageSize: PAGE,
        arenaPages: ARENA_PAGES,
        guardPages: 16,
        zonePages: 1024,
        memoryPages: 65_536,
        executeOnly: false,
        softDirty: false,
        memForce: true,
        memoryFailure: false,
        samePageMerging: false,
        hugePages: false,
        stepwiseCopies: true,
      },
    };
  }

  configure({ contract }: Configuration): NodeFacts | ContractRefused {
    if (contract.buffer.pages !== 1 || contract.read === undefined) {
      return { refused: 'This device has one page for each open file, no more, which can be read.' };
    }
    this.#initial = contract.buffer.initial;
    this.#size = contract.read.size;
    return { noexec: true, regular: true };
  }

  run(program: Program): ProgramObservations | ProgramSkipped {
    this.#descriptors.clear();
    this.#numbers.clear();
    this.#mappings.clear();
    this.#pages.clear();
    try {
      const steps = program.ops.map((operation): Observation => ({ outcome: this.#perform(operation) }));
      return { steps, end: { outcome: { ret: 0 } } };
    } catch (error) {
      if (error instanceof NotImplemented) return { skipped: error.message };
      throw error;
    }
  }

  /** Whether `write` moves the position; the contract says that it does not. */
  protected get writeMovesPosition(): boolean {
    return false;
  }

  #perform(operation: Operation): Outcome {
    switch (operation.op) {
      case 'open':
        return this.#open(operation);
      case 'close':
        return this.#close(operation.fd);
      case 'read':
        return this.#read(operation.fd, operation.length);
      case 'write':
        return this.#write(operation.fd, expandData(operation.data));
      case 'mmap':
        return this.#mmap(operation);
      case 'munmap':
        return this.#munmap(operation);
      case 'load':
        return this.#load(operation);
      case 'store':
        return this.#store(operation);
      case 'checkpoint':
        return { ret: 0 };
      default:
        throw new NotImplemented(`${operation.op} is not implemented`);
    }
  }

  #open({ to, access, flags, user }: Op<'open'>): Outcome {
    if (flags !== undefined || user !== undefined) throw new NotImplemented('open is implemented without flags');
    if (access === 'neither') throw new NotImplemented('open is implemented for reading and writing');
    const taken = new Set([...this.#descriptors.keys()].map((name) => this.#numbers.get(name)));
    let number = 0;
    while (taken.has(number)) number += 1;
    const page = new Uint8Array(PAGE);
    page.set(Buffer.from(this.#initial, 'latin1'));
    this.#descriptors.set(to, { page, access, position: 0 });
    this.#numbers.set(to, number);
    return { ret: number };
  }

  #close(fd: string): Outcome {
    const name = this.#nameOf(fd);
    if (name === undefined) return { errno: 'EBADF' };
    this.#descriptors.delete(name);
    return { ret: 0 };
  }

  #read(fd: string, length: number): Outcome {
    const description = this.#description(fd);
    if (description === undefined || description.access === 'wo') return { errno: 'EBADF' };
    const from = Math.min(description.position, this.#size);
    const data = description.page.slice(from, Math.min(from + length, this.#size));
    description.position = from + data.length;
    return { ret: data.length, data: encodeBytes(data) };
  }

  #write(fd: string, bytes: Uint8Array): Outcome {
    const description = this.#description(fd);
    if (description === undefined || description.access === 'ro') return { errno: 'EBADF' };
    const taken = bytes.subarray(0, this.#size);
    description.page.set(taken);
    if (this.writeMovesPosition) description.position += taken.length;
    return { ret: bytes.length };
  }

  #mmap(operation: Op<'mmap'>): Outcome {
    const { fd, to, length, offset, prot, type, flags, place } = operation;
    if (flags !== undefined) throw new NotImplemented('mmap is implemented without flags');
    if (type !== 'shared' && type !== 'private') throw new NotImplemented('mappings are private or shared');
    if (typeof length !== 'number' || length <= 0 || length > ARENA_PAGES * PAGE) {
      throw new NotImplemented('mappings are as long as the arena at most');
    }
    if (typeof offset !== 'number' || offset < 0 || offset > 2 ** 30 || offset % PAGE !== 0) {
      throw new NotImplemented('offsets are small multiples of a page');
    }
    if (prot.endsWith('x')) throw new NotImplemented('nothing can be executed');
    const description = this.#description(fd);
    if (description === undefined) return { errno: 'EBADF' };
    const isShared = type === 'shared';
    if (description.access === 'wo') return { errno: 'EACCES' };
    if (isShared && prot[1] === 'w' && description.access === 'ro') return { errno: 'EACCES' };
    const pages = Math.ceil(length / PAGE);
    const start = place === undefined ? this.#highestFree(pages) : this.#place(place, pages);
    for (let page = start; page < start + pages; page += 1) {
      this.#pages.set(page, { bytes: description.page, shared: isShared, copied: false, prot });
    }
    this.#mappings.set(to, start);
    return { ret: start };
  }

  /** Where the kernel maps what may go anywhere: as high as possible. */
  #highestFree(pages: number): number {
    for (let start = ARENA_PAGES - pages; start >= 0; start -= 1) if (this.#isFree(start, pages)) return start;
    throw new NotImplemented('the arena is full');
  }

  #place(place: NonNullable<Op<'mmap'>['place']>, pages: number): number {
    const at = this.#addressOf(place.at);
    const start = at / PAGE;
    if (place.how !== 'fixed' || !Number.isInteger(start)) throw new NotImplemented('places are fixed');
    if (start < 0 || start + pages > ARENA_PAGES) throw new NotImplemented('only the arena is implemented');
    return start;
  }

  #isFree(start: number, pages: number): boolean {
    for (let page = start; page < start + pages; page += 1) if (this.#pages.has(page)) return false;
    return true;
  }

  #munmap({ at, length }: Op<'munmap'>): Outcome {
    const start = this.#addressOf(at) / PAGE;
    if (typeof length !== 'number' || length <= 0) throw new NotImplemented('lengths are positive');
    const pages = Math.ceil(length / PAGE);
    if (!Number.isInteger(start) || start < 0 || start + pages > ARENA_PAGES) {
      throw new NotImplemented('munmap is implemented for whole pages of the arena');
    }
    for (let page = start; page < start + pages; page += 1) this.#pages.delete(page);
    return { ret: 0 };
  }

  #load({ at, length }: Op<'load'>): Outcome {
    const address = this.#addressOf(at);
    const data = new Uint8Array(length);
    for (let done = 0; done < length; done += 1) {
      const page = this.#pages.get(Math.floor((address + done) / PAGE));
      // On x86 every page that can be accessed at all can be read.
      const code = page === undefined ? 'MAPERR' : page.prot.startsWith('--') ? 'ACCERR' : undefined;
      if (page === undefined || code !== undefined) {
        return { signal: 'SIGSEGV', code: code ?? 'MAPERR', at: done, data: encodeBytes(data.subarray(0, done)) };
      }
      data[done] = page.bytes[(address + done) % PAGE] ?? 0;
    }
    return { ret: length, data: encodeBytes(data) };
  }

  #store({ at, data }: Op<'store'>): Outcome {
    const address = this.#addressOf(at);
    const bytes = expandData(data);
    for (const [done, byte] of bytes.entries()) {
      const page = this.#pages.get(Math.floor((address + done) / PAGE));
      if (page === undefined) return { signal: 'SIGSEGV', code: 'MAPERR', at: done };
      if (page.prot[1] !== 'w') return { signal: 'SIGSEGV', code: 'ACCERR', at: done };
      if (!page.shared && !page.copied) {
        page.bytes = page.bytes.slice();
        page.copied = true;
      }
      page.bytes[(address + done) % PAGE] = byte;
    }
    return { ret: bytes.length };
  }

  #addressOf(at: Op<'load'>['at']): number {
    const address = 'arena' in at ? at.arena : this.#mapping(at.map) * PAGE + at.offset;
    if (address < 0 || address >= ARENA_PAGES * PAGE) throw new NotImplemented('only the arena is implemented');
    return address;
  }

  #mapping(name: string): number {
    const start = this.#mappings.get(name);
    if (start === undefined) throw new NotImplemented('a mapping that was never made');
    return start;
  }

  /** A variable holds a number: another file may be open under it by now. */
  #nameOf(fd: string): string | undefined {
    const number = this.#numbers.get(fd);
    return [...this.#descriptors.keys()].find((name) => this.#numbers.get(name) === number && number !== undefined);
  }

  #description(fd: string): Description | undefined {
    return this.#descriptors.get(this.#nameOf(fd) ?? '');
  }
}
