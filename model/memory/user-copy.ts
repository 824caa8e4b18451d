import { copyRoutine, type Steps } from './copy-routine.ts';
import type { Draft } from '../draft.ts';
import { type Access, type Fault, pageForKernelRead, pageForKernelWrite, pageForRead, pageForWrite } from './faults.ts';
import { blocksOf } from './memcpy.ts';
import { PAGE_SIZE } from '../areas/place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';

/** A copy between the device's buffer and memory of a process. */
export interface UserCopy {
  /** Bytes from the start of the arena. */
  readonly at: number;
  /** The first frame of the buffer, and the byte in it where the copy begins. */
  readonly buffer: number;
  readonly position: number;
  readonly count: number;
  readonly to: 'user' | 'device';
}

/** How far a copy came: the bytes that were copied, and why it ended before the last. */
export interface Copied {
  readonly done: number;
  readonly fault?: Fault;
}

/**
 * What `copy_to_user` and `copy_from_user` do: memory is accessed step by step, as the processor accesses it, and brought in
 * by page faults. Both sides may be the same page, so every step sees what those before it have stored. A string instruction
 * of a processor with fast strings does not: it knows only by the addresses that its sides overlap, which those of two views
 * do not, and loads ahead (`facts.stepwiseCopies`). A copy that depends on it is performed, but nothing behind it is predicted.
 */
export function copyUser(draft: Draft, process: ProcessDraft, copy: UserCopy): Copied {
  return draft.kernel.platform.userCopies === 'by-page'
    ? new PageWalk(draft, process, copy).run()
    : copyByProcessor(draft, process, copy);
}

function copyByProcessor(draft: Draft, process: ProcessDraft, copy: UserCopy): Copied {
  const walk = new Walk(draft, process, copy);
  const destination = copy.to === 'user' ? copy.at : copy.position;
  // Addresses in the zone are negative; alignment is that of the distance from the arena, which begins with a page.
  const alignment = inPage(destination);
  for (const steps of copyRoutine(draft.kernel, copy.count, alignment)) {
    const stopped = walk.run(steps);
    if (stopped === undefined) continue;
    if (!steps.retry) return stopped;
    const asked = draft.callbacks.length;
    const last = walk.run({ from: stopped.done, to: copy.count, width: 1, retry: false });
    // All that can be asked for a second time is the page that could not be had.
    const again = draft.callbacks.splice(asked).map(({ text }) => ({ text, clause: 'COPY-09' }) as const);
    draft.callbacks.push(...again);
    return last ?? { done: copy.count };
  }
  return { done: copy.count };
}

/** A copy under way: its two sides. */
abstract class Sides {
  protected readonly draft: Draft;
  protected readonly copy: UserCopy;
  protected readonly process: ProcessDraft;

  constructor(draft: Draft, process: ProcessDraft, copy: UserCopy) {
    this.draft = draft;
    this.process = process;
    this.copy = copy;
  }

  /** A step that crosses the end of a page on some side: all of it is loaded before anything is stored. */
  protected step(done: number, length: number): void {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      const [from] = this.sides(done + index);
      bytes[index] = this.draft.bytes(from.frame)[from.offset] ?? 0;
    }
    for (let index = 0; index < length; index++) {
      const [, to] = this.sides(done + index);
      this.draft.writable(to.frame)[to.offset] = bytes[index] ?? 0;
    }
  }

  /** The frames that the byte comes from and goes to. */
  protected sides(done: number): readonly [from: Location, to: Location] {
    const { at, buffer, position, to } = this.copy;
    const page = Math.floor((at + done) / PAGE_SIZE);
    const entry = this.process.pages.get(page);
    if (entry === undefined) throw new Error('model: a copy uses a page that was not brought in');
    const user = { frame: entry.frame, offset: at + done - page * PAGE_SIZE };
    const index = Math.floor((position + done) / PAGE_SIZE);
    const device = { frame: buffer + index, offset: position + done - index * PAGE_SIZE };
    return to === 'user' ? [device, user] : [user, device];
  }
}

/** A copy by the processor, which sees the addresses of the process. */
class Walk extends Sides {
  /** What was stored so far, where it is of interest whether it is loaded again. */
  readonly #stored: Bytes[] = [];

  /** Performs steps until one cannot access memory; what is done then are the bytes before that step. */
  run({ from, to, width }: Steps): Copied | undefined {
    for (let done = from; done < to;) {
      const { at, position } = this.copy;
      const room = Math.min(pageRoom(at + done), pageRoom(position + done), to - done);
      const whole = room - (room % width);
      const part = whole === 0 ? width : whole;
      const fault = this.#access(done, part);
      if (fault !== undefined) return { done, fault };
      if (whole === 0) this.#crossingStep(done, part);
      else this.#steps(done, part, width);
      done += part;
    }
    return undefined;
  }

  /** Brings in the one or two pages that bytes of the process lie in. */
  #access(done: number, length: number): Fault | undefined {
    const start = this.copy.at + done;
    const last = Math.floor((start + length - 1) / PAGE_SIZE);
    for (let page = Math.floor(start / PAGE_SIZE); page <= last; page++) {
      const access = this.#fault(page);
      if ('signal' in access) return access;
    }
    return undefined;
  }

  #fault(page: number): Access {
    const touch = this.copy.to === 'user' ? pageForWrite : pageForRead;
    return touch(this.draft, this.process, page);
  }

  /** Steps within one page on each side. */
  #steps(done: number, length: number, width: number): void {
    const [from, to] = this.sides(done);
    this.#watch(from, to, length);
    const target = this.draft.writable(to.frame);
    const source = this.draft.bytes(from.frame);
    if (target !== source) {
      target.set(source.subarray(from.offset, from.offset + length), to.offset);
      return;
    }
    if (this.draft.kernel.facts.stepwiseCopies) this.draft.outcomeClauses.push('COPY-08');
    for (let step = 0; step < length; step += width) {
      target.copyWithin(to.offset + step, from.offset + step, from.offset + step + width);
    }
  }

  #crossingStep(done: number, length: number): void {
    for (let index = 0; index < length; index++) {
      const [from, to] = this.sides(done + index);
      this.#watch(from, to, 1);
    }
    this.step(done, length);
  }

  /** Notices when bytes are to be loaded that the copy has stored before, or stores meanwhile further up. */
  #watch(from: Location, to: Location, length: number): void {
    if (this.draft.kernel.facts.stepwiseCopies) return;
    const before = this.#stored.some((bytes) => overlap(bytes, { ...from, length }));
    const meanwhile = to.offset > from.offset && overlap({ ...to, length }, { ...from, length });
    if (before || meanwhile) {
      this.draft.unpredictable =
        'copies between two views of one page, where this target may load before or after it stores';
    }
    // What is stored where it was loaded stays the same.
    if (from.frame !== to.frame || from.offset !== to.offset) this.#stored.push({ ...to, length });
  }
}

/** A copy between addresses of the kernel, after looking up each page of the process (arch/um/kernel/skas/uaccess.c). */
class PageWalk extends Sides {
  /** `buffer_op`: the part up to the first whole page is looked at even if it is empty, and so is a copy of nothing. */
  run(): Copied {
    const { at, count } = this.copy;
    if (count === 0) this.draft.outcomeClauses.push('COPY-11');
    let done = Math.min(pageRoom(at) % PAGE_SIZE, count);
    const fault = this.#part(0, done);
    if (fault !== undefined) return count === 0 ? { done: 0 } : { done: 0, fault };
    while (done < count) {
      const length = Math.min(PAGE_SIZE, count - done);
      const next = this.#part(done, length);
      if (next !== undefined) return { done, fault: next };
      done += length;
    }
    return { done: count };
  }

  /** `do_op_one_page`. */
  #part(done: number, length: number): Fault | undefined {
    const { at, position, to } = this.copy;
    const page = Math.floor((at + done) / PAGE_SIZE);
    const touch = to === 'user' ? pageForKernelWrite : pageForKernelRead;
    const access = touch(this.draft, this.process, page);
    if ('signal' in access) return access;
    const [destination, source] = to === 'user' ? [at, position] : [position, at];
    if (this.#isWithinPage(done, length)) this.draft.outcomeClauses.push('COPY-10');
    for (const block of blocksOf(length, destination + done, source + done)) {
      this.step(done + block.from, block.to - block.from);
    }
    return undefined;
  }

  /** Whether both sides of the part lie in one page of the device. */
  #isWithinPage(done: number, length: number): boolean {
    if (length === 0) return false;
    const [first, second] = this.sides(done);
    return first.frame === second.frame;
  }
}

interface Location {
  readonly frame: number;
  readonly offset: number;
}

/** Bytes from the start of the page; addresses in the zone may be negative. */
function inPage(address: number): number {
  return ((address % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE;
}

interface Bytes extends Location {
  readonly length: number;
}

function overlap(a: Bytes, b: Bytes): boolean {
  return a.frame === b.frame && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

/** Bytes up to the end of the page. */
function pageRoom(address: number): number {
  return PAGE_SIZE - inPage(address);
}
