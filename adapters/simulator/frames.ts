import { PAGE_SIZE } from './machine.ts';

/** One page of physical memory, with what `struct page` counts about it. */
export class Frame {
  readonly bytes = new Uint8Array(PAGE_SIZE);
  /** `_refcount`: whoever must find the page alive holds one, each page table entry included. */
  references = 0;
  /** `_mapcount` as a count: page table entries of all processes that point here. */
  mappings = 0;
  /** Whether the page belongs to an anon_vma (a private copy) rather than to the driver. */
  anonymous = false;
  /** `PageAnonExclusive`: a private copy that no other process can see, so that it may be written in place. */
  exclusive = false;
  /** Scratch of the observer: the observation that saw the frame last, and the number it gave it. */
  seenBy = 0;
  number = 0;
}

/** The page allocator. Freed frames are handed out again at once, so that a use after free shows. */
export class PhysicalMemory {
  readonly #free: Frame[] = [];
  #observations = 0;
  /** Frames that are allocated and not freed. */
  inUse = 0;
  /** What a kernel with CONFIG_DEBUG_VM would print about misused frames. */
  reports: string[] = [];

  /** `alloc_page(__GFP_ZERO)`: one reference, for the caller. */
  allocateZeroed(): Frame {
    const frame = this.#allocate();
    frame.anonymous = false;
    frame.exclusive = false;
    frame.bytes.fill(0);
    return frame;
  }

  /** The copy that copy-on-write makes (`wp_page_copy`, `do_cow_fault`): one reference, for the caller. */
  allocateCopy(source: Frame): Frame {
    const frame = this.#allocate();
    frame.anonymous = true;
    frame.exclusive = true;
    frame.bytes.set(source.bytes);
    return frame;
  }

  /** `get_page`. */
  get(frame: Frame): void {
    frame.references += 1;
  }

  /** `put_page`: the last reference frees the frame. */
  put(frame: Frame): void {
    if (frame.references <= 0) {
      this.reports.push('BUG: Bad page state: reference count underflow');
      return;
    }
    frame.references -= 1;
    if (frame.references > 0) return;
    if (frame.mappings > 0) this.reports.push('BUG: Bad page state: freed while mapped');
    this.inUse -= 1;
    this.#free.push(frame);
  }

  /** A number that no frame has been seen by yet. */
  nextObservation(): number {
    this.#observations += 1;
    return this.#observations;
  }

  #allocate(): Frame {
    const frame = this.#free.pop() ?? new Frame();
    frame.references = 1;
    this.inUse += 1;
    return frame;
  }
}
