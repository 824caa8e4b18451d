import type { ClauseId } from '../spec/clauses.ts';
import { type Callback, type Contract, loggedCallbacks } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import type { Frames, Outcome } from '../spec/observation.ts';
import type { Failure } from '../spec/operations/define.ts';
import type { Setting } from '../spec/program.ts';
import { copyOfPage } from './memory/page-bytes.ts';
import { ProcessDraft } from './processes/process-draft.ts';
import type { SmallMap, Table } from './small-map.ts';
import type { OpenFile, State } from './state.ts';

/** A callback that the driver is expected to log, with the clause that demands it. */
export interface ExpectedCallback {
  readonly text: string;
  readonly clause: ClauseId;
}

/**
 * One step in the making: the parts of the state that change are copied once, on the first write, and the
 * clauses that decide are cited as they are applied. Nothing of it outlives the step, so the state stays immutable.
 */
export class Draft {
  readonly contract: Contract;
  readonly kernel: KernelProfile;
  /** Alive, in order of creation; each stays the same object for the whole step. */
  processes: readonly ProcessDraft[];
  descriptions: Table<number, OpenFile>;
  inFlight: readonly number[];
  readonly setting: Setting;
  contents: Table<number, Uint8Array>;
  anonParents: Table<number, number>;
  descriptors: Table<string, number>;
  mappings: Table<string, number>;
  nextId: number;
  observedFrames: Frames;

  readonly callbacks: ExpectedCallback[] = [];
  /** Clauses that decided the outcome; the last one decided it finally. */
  readonly outcomeClauses: ClauseId[] = [];
  readonly framesClauses: ClauseId[] = [];
  readonly layoutClauses: ClauseId[] = [];
  /** Set when a page table changed, so that frames are observed anew. */
  framesTouched = false;
  /** Why what the operation does cannot be predicted, if it cannot. */
  unpredictable: string | undefined;

  /** What fails during this step, if the driver comes to it. */
  failure: { readonly what: Failure; readonly nth: number } | undefined;
  /** Whether it did. */
  failed = false;
  /** An outcome that is as good as the step's. */
  alternative: Outcome | undefined;
  #copies = 0;

  /** The step's own copy of `contents`, from its first change on, and the frames whose bytes are its own. */
  #ownContents: SmallMap<number, Uint8Array> | undefined;
  readonly #ownFrames: number[] = [];
  /** Descriptions whose last reference may be gone; they are released when the operation returns to user space. */
  readonly #dropped: number[] = [];

  constructor(state: State, contract: Contract, kernel: KernelProfile) {
    this.contract = contract;
    this.kernel = kernel;
    this.processes = state.processes.map((process) => new ProcessDraft(process));
    this.descriptions = state.descriptions;
    this.inFlight = state.inFlight;
    this.setting = state.setting;
    this.contents = state.contents;
    this.anonParents = state.anonParents;
    this.descriptors = state.descriptors;
    this.mappings = state.mappings;
    this.nextId = state.nextId;
    this.observedFrames = state.observedFrames;
  }

  state(): State {
    const { processes, descriptions, inFlight, setting, contents, anonParents } = this;
    const { descriptors, mappings, nextId, observedFrames } = this;
    return {
      processes,
      descriptions,
      inFlight,
      setting,
      contents,
      anonParents,
      descriptors,
      mappings,
      nextId,
      observedFrames,
    };
  }

  process(name: string): ProcessDraft | undefined {
    for (const process of this.processes) if (process.name === name) return process;
    return undefined;
  }

  id(): number {
    return this.nextId++;
  }

  bytes(frame: number): Uint8Array {
    const bytes = this.contents.get(frame);
    if (bytes === undefined) throw new Error(`model: frame ${String(frame)} has no contents`);
    return bytes;
  }

  /** The bytes of a frame for writing: a copy of this step's own. */
  writable(frame: number): Uint8Array {
    if (this.#ownFrames.includes(frame)) return this.bytes(frame);
    return this.copyBytes(frame, frame);
  }

  /** Frames whose bytes belong to others as well: they are copied before the first write. */
  addFrames(first: number, pages: readonly Uint8Array[]): void {
    const contents = this.#changingContents();
    for (const [index, bytes] of pages.entries()) contents.set(first + index, bytes);
  }

  /** Gives a frame, which may be a new one, a copy of the bytes of one that there is. */
  copyBytes(frame: number, from: number): Uint8Array {
    const bytes = copyOfPage(this.bytes(from));
    this.#changingContents().set(frame, bytes);
    this.#ownFrames.push(frame);
    return bytes;
  }

  #changingContents(): SmallMap<number, Uint8Array> {
    if (this.#ownContents === undefined) {
      this.#ownContents = this.contents.copy();
      this.contents = this.#ownContents;
    }
    return this.#ownContents;
  }

  setDescription(description: OpenFile): void {
    this.descriptions = this.descriptions.with(description.id, description);
  }

  bindDescriptor(variable: string, descriptor: number): void {
    this.descriptors = this.descriptors.with(variable, descriptor);
  }

  /** Records a driver callback if the contract's driver logs it. */
  callback(name: Callback, fields: string, clause: ClauseId): void {
    if (loggedCallbacks(this.contract).includes(name)) {
      this.callbacks.push({ text: fields === '' ? name : `${name} ${fields}`, clause });
    }
  }

  /** The driver allocates: whether one of its allocations fails; which one makes no difference to anybody else. */
  allocationFails(): boolean {
    if (this.failure?.what !== 'allocation' || this.failed) return false;
    this.failed = true;
    return true;
  }

  /** The driver copies to or from user memory: whether this copy fails. */
  copyFails(): boolean {
    this.#copies += 1;
    if (this.failure?.what !== 'copy' || this.#copies !== this.failure.nth) return false;
    this.failed = true;
    return true;
  }

  /** One reference to a description is gone. */
  drop(description: number): void {
    this.#dropped.push(description);
  }

  /**
   * Releases what lost its last reference. The kernel does this when the system call returns (`fput` defers to
   * task work), so `release` is the last callback of an operation.
   */
  releaseDropped(): void {
    if (this.#dropped.length === 0) return;
    for (const id of this.#dropped.splice(0)) {
      const description = this.descriptions.get(id);
      if (description === undefined || this.#isReferenced(id)) continue;
      this.descriptions = this.descriptions.without(id);
      if (this.contract.buffer.owner === 'description' && !description.path) {
        const contents = this.#changingContents();
        for (let page = 0; page < this.contract.buffer.pages; page++) contents.delete(description.buffer + page);
      }
      if (!description.path) this.callback('release', '', 'LIFE-01');
    }
  }

  #isReferenced(id: number): boolean {
    if (this.inFlight.includes(id)) return true;
    for (const { descriptors, vmas } of this.processes) {
      if (descriptors.includes(id)) return true;
      for (const vma of vmas) if (vma.description === id) return true;
    }
    return false;
  }
}
