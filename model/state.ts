/**
 * The state of the reference model: plain, immutable data. Pages are numbered relative to the arena; frames, descriptions
 * and anon_vmas by ids that are never reused within a program.
 */

/** A present page table entry. */
export interface Page {
  readonly frame: number;
  /** A private copy after copy-on-write, not a page of the device. */
  readonly anonymous: boolean;
}

/** A virtual memory area. */
export interface Vma {
  /** First page, and the page after the last. */
  readonly start: number;
  readonly end: number;
  /** `VM_*` bits, see `vm-flags.ts`. */
  readonly flags: number;
  /** Page offset of the first page in the device. */
  readonly pgoff: number;
  readonly description: number;
  /** The anon_vma that new private copies belong to; 0 before the first one. */
  readonly anon: number;
  /** All anon_vmas this area is linked to, oldest first: more than one after a fork. */
  readonly chain: readonly number[];
}

/** An open file description. */
export interface Description {
  readonly id: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly position: number;
  /** First frame of its buffer; the others follow. */
  readonly buffer: number;
}

export interface Process {
  readonly name: string;
  /** Descriptor (counted from the program's first) to description; 0 is free. */
  readonly descriptors: readonly number[];
  /** Ascending. */
  readonly vmas: readonly Vma[];
  readonly pages: ReadonlyMap<number, Page>;
}

export interface State {
  /** Alive, in order of creation. */
  readonly processes: readonly Process[];
  readonly descriptions: ReadonlyMap<number, Description>;
  readonly contents: ReadonlyMap<number, Uint8Array>;
  /** anon_vma to its parent (a root is its own). */
  readonly anonParents: ReadonlyMap<number, number>;
  /** Descriptor variables; an unbound one is -1. */
  readonly descriptors: ReadonlyMap<string, number>;
  /** Mapping variables: page numbers. */
  readonly mappings: ReadonlyMap<string, number>;
  readonly nextId: number;
  /** The last frames observation, as a comparable string. */
  readonly observedFrames: string;
}
