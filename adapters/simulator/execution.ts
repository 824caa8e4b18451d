import { encodeBytes, expandData } from '../../spec/bytes.ts';
import type { Frames, Layout, Level, Observation, Outcome } from '../../spec/observation.ts';
import { type Address, FIRST_ACTOR, type Operation, type Program } from '../../spec/program.ts';
import { fillWith } from './bytes.ts';
import type { Result } from './errno.ts';
import { toLength, toPageOffset, toPosition } from './integers.ts';
import type { Kernel } from './kernel.ts';
import { ARENA, PAGE_SIZE, ZONE } from './machine.ts';
import type { MmapRequest } from './mmap.ts';
import { FrameObserver, observeLayout } from './observe.ts';
import { accessPage, type BadAccess } from './page-fault.ts';
import { Process } from './process.ts';
import { isInside, isSafeToMap, isSafeToProtect } from './safety.ts';
import * as syscalls from './syscalls.ts';
import { VM_EXEC, VM_READ, VM_WRITE } from './vma.ts';

type Mmap = Extract<Operation, { op: 'mmap' }>;
type Load = Extract<Operation, { op: 'load' }>;
type Store = Extract<Operation, { op: 'store' }>;

/** What a program is observed for. */
export interface Watch {
  readonly levels: ReadonlySet<Level>;
  /** Observe the layout after every operation instead of only at checkpoints and the end. */
  readonly layoutEvery: boolean;
}

const DONE: Outcome = { ret: 0 };
const UNBOUND: Outcome = { none: 'unbound' };
const UNSAFE: Outcome = { none: 'unsafe' };

/** A descriptor that was never opened, or whose `open` failed. */
const NO_DESCRIPTOR = -1;

const outcomeOf = (result: Result): Outcome => (typeof result === 'number' ? { ret: result } : { errno: result });

const readOutcome = (data: Uint8Array | string): Outcome =>
  typeof data === 'string' ? { errno: data } : { ret: data.length, data: encodeBytes(data) };

/** One run of one program: its processes and variables. A kernel is used for many, one after the other. */
export class Execution {
  readonly #kernel: Kernel;
  readonly #watch: Watch;
  readonly #frames: FrameObserver;
  /** Live processes in order of creation. */
  readonly #processes = new Map<string, Process>();
  readonly #descriptors = new Map<string, number>();
  /** First pages; a variable keeps its address whatever happens to the mapping. */
  readonly #mappings = new Map<string, number>();

  constructor(kernel: Kernel, watch: Watch) {
    this.#kernel = kernel;
    this.#watch = watch;
    this.#frames = new FrameObserver(kernel.memory);
  }

  /** From a clean state to a clean state, so that the same execution can run any number of programs. */
  run(program: Program, onStep: (step: number) => void): { steps: Observation[]; end: Observation } {
    this.#start();
    const steps: Observation[] = [];
    for (const [index, operation] of program.ops.entries()) {
      onStep(index);
      const outcome = this.#perform(operation);
      const wantsLayout = this.#watch.layoutEvery || operation.op === 'checkpoint';
      steps.push(this.#observe(outcome, wantsLayout ? this.#layout() : null, this.#framesNow()));
    }
    return { steps, end: this.#finish() };
  }

  #start(): void {
    this.#processes.clear();
    this.#descriptors.clear();
    this.#mappings.clear();
    this.#kernel.driver.load();
    this.#kernel.driver.log = [];
    this.#kernel.memory.reports = [];
    this.#frames.reset();
    this.#processes.set(FIRST_ACTOR, new Process(this.#kernel));
  }

  /** The cleaning at the end of every program; layout and frames are those from before it. */
  #finish(): Observation {
    const layout = this.#layout();
    const frames = this.#framesNow();
    for (const [name, process] of this.#processes) if (name !== FIRST_ACTOR) process.exit();
    const first = this.#processes.get(FIRST_ACTOR);
    for (const range of [ZONE, ARENA]) {
      first?.space.unmap(range.start, range.end);
      this.#kernel.returnToUser();
    }
    for (const descriptor of first?.files.numbers() ?? []) {
      first?.close(descriptor);
      this.#kernel.returnToUser();
    }
    const end = this.#observe(DONE, layout, frames);
    this.#kernel.driver.unload();
    return end;
  }

  #layout(): Layout | null {
    return this.#watch.levels.has('layout') ? observeLayout(this.#processes) : null;
  }

  #framesNow(): Frames | null {
    return this.#watch.levels.has('frames') ? this.#frames.observe(this.#processes) : null;
  }

  #observe(outcome: Outcome, layout: Layout | null, frames: Frames | null): Observation {
    const { driver, memory } = this.#kernel;
    const observation: Observation = { outcome };
    if (layout !== null) observation.layout = layout;
    if (frames !== null) observation.frames = frames;
    if (driver.log.length > 0) {
      if (this.#watch.levels.has('callbacks')) observation.callbacks = driver.log;
      driver.log = [];
    }
    if (memory.reports.length > 0) {
      observation.reports = memory.reports;
      memory.reports = [];
    }
    return observation;
  }

  #perform(operation: Operation): Outcome {
    const process = this.#processes.get(operation.actor);
    if (process === undefined) return UNBOUND;
    const outcome = this.#call(process, operation);
    this.#kernel.returnToUser();
    return outcome;
  }

  #call(process: Process, operation: Operation): Outcome {
    switch (operation.op) {
      case 'open':
        return this.#bindDescriptor(operation.to, syscalls.open(process, operation.access));
      case 'close':
        return outcomeOf(syscalls.close(process, this.#descriptor(operation.fd)));
      case 'dup':
        return this.#bindDescriptor(operation.to, syscalls.dup(process, this.#descriptor(operation.fd)));
      case 'read':
        return readOutcome(syscalls.read(process, this.#descriptor(operation.fd), operation.length));
      case 'pread': {
        const position = toPosition(operation.offset);
        return readOutcome(syscalls.pread(process, this.#descriptor(operation.fd), operation.length, position));
      }
      case 'write':
        return outcomeOf(syscalls.write(process, this.#descriptor(operation.fd), expandData(operation.data)));
      case 'pwrite': {
        const position = toPosition(operation.offset);
        const data = expandData(operation.data);
        return outcomeOf(syscalls.pwrite(process, this.#descriptor(operation.fd), data, position));
      }
      case 'lseek':
        return outcomeOf(syscalls.lseek(process, this.#descriptor(operation.fd), operation.whence !== 'bad'));
      case 'mmap':
        return this.#mmap(process, operation);
      case 'munmap': {
        const address = this.#address(operation.at);
        const length = toLength(operation.length);
        if (address === null) return UNBOUND;
        if (!isSafeToMap(address, length)) return UNSAFE;
        return outcomeOf(syscalls.munmap(process, address, length));
      }
      case 'mprotect': {
        const address = this.#address(operation.at);
        const length = toLength(operation.length);
        if (address === null) return UNBOUND;
        if (!isSafeToProtect(address, length)) return UNSAFE;
        return outcomeOf(syscalls.mprotect(process, address, length, accessBits(operation.prot)));
      }
      case 'load':
        return this.#load(process, operation);
      case 'store':
        return this.#store(process, operation);
      case 'fork': {
        const child = process.fork();
        if (child === 'ENOMEM') return { errno: child };
        this.#processes.set(operation.to, child);
        return DONE;
      }
      case 'exit':
        process.exit();
        this.#processes.delete(operation.actor);
        return DONE;
      case 'checkpoint':
        return DONE;
    }
  }

  #mmap(process: Process, operation: Mmap): Outcome {
    const { place, flags } = operation;
    const length = toLength(operation.length);
    const address = place === undefined ? 0 : this.#address(place.at);
    if (address === null) return UNBOUND;
    if (place !== undefined && !isSafeToMap(address, length)) return UNSAFE;

    const pgoff = toPageOffset(operation.offset);
    const request: MmapRequest = {
      place: place?.how ?? 'anywhere',
      address,
      pages: Math.ceil(length / PAGE_SIZE),
      pgoff: pgoff ?? 0,
      access: accessBits(operation.prot),
      type: operation.type,
      hasUnknownFlag: flags?.includes('unknown') ?? false,
      noreserve: flags?.includes('noreserve') ?? false,
    };
    const result = syscalls.mmap(process, this.#descriptor(operation.fd), pgoff !== null, request);
    if (typeof result === 'number') this.#mappings.set(operation.to, result);
    return outcomeOf(result);
  }

  #load(process: Process, operation: Load): Outcome {
    const address = this.#address(operation.at);
    if (address === null) return UNBOUND;
    if (!isInside(address, operation.length)) return UNSAFE;
    const data = new Uint8Array(operation.length);
    for (let done = 0; done < data.length;) {
      const { page, offset, count } = nextPart(address, done, data.length);
      const frame = accessPage(process.space, page, false);
      if (typeof frame === 'string') return { ...signalOf(frame, done), data: encodeBytes(data.subarray(0, done)) };
      data.set(frame.bytes.subarray(offset, offset + count), done);
      done += count;
    }
    return { ret: data.length, data: encodeBytes(data) };
  }

  #store(process: Process, operation: Store): Outcome {
    const address = this.#address(operation.at);
    const { text, length } = operation.data;
    if (address === null) return UNBOUND;
    if (!isInside(address, length)) return UNSAFE;
    for (let done = 0; done < length;) {
      const { page, offset, count } = nextPart(address, done, length);
      const frame = accessPage(process.space, page, true);
      if (typeof frame === 'string') return signalOf(frame, done);
      fillWith(frame.bytes.subarray(offset, offset + count), text, done);
      done += count;
    }
    return { ret: length };
  }

  #bindDescriptor(name: string, result: Result): Outcome {
    this.#descriptors.set(name, typeof result === 'number' ? result : NO_DESCRIPTOR);
    return outcomeOf(result);
  }

  #descriptor(name: string): number {
    return this.#descriptors.get(name) ?? NO_DESCRIPTOR;
  }

  /** Bytes from the start of the arena, or null for a mapping that was never made. */
  #address(at: Address): number | null {
    if ('arena' in at) return at.arena;
    const start = this.#mappings.get(at.map);
    return start === undefined ? null : start * PAGE_SIZE + at.offset;
  }
}

/** The bytes of one page that a byte-by-byte access reaches next: all of them fault together or not at all. */
function nextPart(address: number, done: number, length: number): { page: number; offset: number; count: number } {
  const page = Math.floor((address + done) / PAGE_SIZE);
  const offset = address + done - page * PAGE_SIZE;
  return { page, offset, count: Math.min(PAGE_SIZE - offset, length - done) };
}

function signalOf(code: BadAccess, at: number): { signal: string; code: string; at: number } {
  return { signal: code === 'ADRERR' ? 'SIGBUS' : 'SIGSEGV', code, at };
}

function accessBits(protection: string): number {
  const read = protection.startsWith('r') ? VM_READ : 0;
  const write = protection[1] === 'w' ? VM_WRITE : 0;
  return read | write | (protection[2] === 'x' ? VM_EXEC : 0);
}
