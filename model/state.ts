import type { Frames } from '../spec/observation.ts';
import type { Setting } from '../spec/program.ts';
import type { Table } from './small-map.ts';

/**
 * The state of the reference model: plain, immutable data. Pages are numbered relative to the arena; frames, descriptions
 * and anon_vmas by ids that are never reused within a program.
 */

/** A page table entry: a present page, or the marker of a guard region (then `frame` is `GUARD`). */
export interface Page {
  readonly frame: number;
  /** A private copy after copy-on-write, not a page of the device. */
  readonly anonymous: boolean;
  /** Whether the processor may write through it. What may be written and is not writable faults first. */
  readonly writable: boolean;
  /** The entry's own soft-dirty bit; the area's flag counts as well. Faults set it, the processor does not. */
  readonly softDirty: boolean;
  /** The processor's dirty bit. */
  readonly dirty: boolean;
  /**
   * Whether the process can read it without a fault. Always so on x86. User Mode Linux tells the host of an entry when an access
   * or a flush makes it (since 6.11, whatever makes it), and of none that has no accessed bit.
   */
  readonly known: boolean;
}

/** What stands in place of a frame in the entry of a guard region; no frame has this id. */
export const GUARD = 0;

/** The entry of a guard region. */
export const GUARD_PAGE: Page = {
  frame: GUARD,
  anonymous: false,
  writable: false,
  softDirty: false,
  dirty: false,
  known: true,
};

/** A virtual memory area. */
export interface Vma {
  /** First page, and the page after the last. */
  readonly start: number;
  readonly end: number;
  /** `VM_*` bits, see `vm-flags.ts`. */
  readonly flags: number;
  /** Page offset of the first page in the device. */
  readonly pgoff: number;
  /** The page offset that private copies are filed under (Linux 7.3): its address when it was mapped. */
  readonly anonPgoff: number;
  readonly description: number;
  /** The anon_vma that new private copies belong to; 0 before the first one. */
  readonly anon: number;
  /** All anon_vmas this area is linked to, oldest first: more than one after a fork. */
  readonly chain: readonly number[];
}

/** An open file description. */
export interface OpenFile {
  readonly id: number;
  readonly readable: boolean;
  readonly writable: boolean;
  /** O_APPEND, which only calls between two files look at: the driver writes where it writes. */
  readonly append: boolean;
  /** Opened with O_PATH: a name only, of which the driver knows nothing. */
  readonly path: boolean;
  /** Bytes; beyond 2^53 a bigint would be needed, and only lseek gets there, so it is kept as one there. */
  readonly position: number | bigint;
  /** First frame of its buffer; the others follow. */
  readonly buffer: number;
}

export interface Process {
  readonly name: string;
  /** Descriptor (counted from the program's first) to description; 0 is free. */
  readonly descriptors: readonly number[];
  /** Ascending. */
  readonly vmas: readonly Vma[];
  readonly pages: Table<number, Page>;
  /** `mm->def_flags`: what mlockall makes of future mappings, VM_LOCKED and VM_LOCKONFAULT or 0. */
  readonly futureFlags: number;
  /** Pages that its parent kept for itself, and that may still be there (`facts.forkLeavesPages`); undefined: none. */
  readonly leftovers: ReadonlySet<number> | undefined;
  /** Pages that count as locked and are not (see `dontunmapDividesLocked`). */
  readonly miscountedLocks: number;
}

export interface State {
  /** Alive, in order of creation. */
  readonly processes: readonly Process[];
  readonly descriptions: Table<number, OpenFile>;
  /** The descriptions whose descriptors were sent and not received yet, oldest first. */
  readonly inFlight: readonly number[];
  /** The limits of the program. */
  readonly setting: Setting;
  readonly contents: Table<number, Uint8Array>;
  /** anon_vma to its parent (a root is its own). */
  readonly anonParents: Table<number, number>;
  /** Descriptor variables; an unbound one is -1. */
  readonly descriptors: Table<string, number>;
  /** Mapping variables: page numbers. */
  readonly mappings: Table<string, number>;
  readonly nextId: number;
  /** The last frames observation. */
  readonly observedFrames: Frames;
}
