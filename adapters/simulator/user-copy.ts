import type { AddressSpace } from './address-space.ts';
import type { Frame } from './frames.ts';
import { PAGE_SIZE } from './machine.ts';
import { accessPage } from './page-fault.ts';
import { forEachPart, type UserMemory } from './user-memory.ts';

/** Bytes that one load or store of the copy moves. */
const WORD = 8;
/** From this length on newer kernels copy with string instructions. */
const LONG_COPY = 64;

/** One end of a copy: where its first byte lies, and the frame behind each page, or null for a page that cannot be had. */
interface End {
  readonly address: number;
  frame(page: number): Frame | null;
}

/** Memory that a program has mapped, or not: every page may fault while it is copied. */
export class MappedMemory implements UserMemory {
  readonly #space: AddressSpace;
  readonly #address: number;

  /** The address counts in bytes from the start of the arena. */
  constructor(space: AddressSpace, address: number) {
    this.#space = space;
    this.#address = address;
  }

  copyTo(buffer: readonly Frame[], offset: number, count: number): number {
    return this.#copy(this.#end(true), bufferEnd(buffer, offset), count);
  }

  copyFrom(buffer: readonly Frame[], offset: number, count: number): number {
    const left = this.#copy(bufferEnd(buffer, offset), this.#end(false), count);
    forEachPart(buffer, offset + count - left, left, (part) => part.fill(0));
    return left;
  }

  #end(write: boolean): End {
    return {
      address: this.#address,
      frame: (page) => {
        const frame = accessPage(this.#space, page, write);
        return typeof frame === 'string' ? null : frame;
      },
    };
  }

  #copy(to: End, from: End, count: number): number {
    const { copiesRestAfterAnyFault } = this.#space.kernel.version;
    return copiesRestAfterAnyFault ? copyByString(to, from, count) : copyByMoves(to, from, count);
  }
}

function bufferEnd(buffer: readonly Frame[], offset: number): End {
  return { address: offset, frame: (page) => buffer[page] ?? null };
}

/**
 * `copy_user_generic_string`, until 6.3. Whatever faults, the rest is tried once more byte by byte, so that the page which
 * cannot be had is asked for twice.
 */
function copyByString(to: End, from: End, count: number): number {
  const done = copyAligned(to, from, count);
  return done === count ? 0 : count - done - copyBytes(to, from, done, count - done);
}

function copyAligned(to: End, from: End, count: number): number {
  if (count < WORD) return copyBytes(to, from, 0, count);
  const head = -to.address & (WORD - 1);
  let done = copyBytes(to, from, 0, head);
  if (done < head) return done;
  const words = count - head - ((count - head) % WORD);
  done += copyWords(to, from, done, words);
  return done < head + words ? done : done + copyBytes(to, from, done, count - done);
}

/**
 * `rep_movs_alternative`, since 6.4, on a processor without fast string instructions (ERMS, FSRM). Words that fault are
 * tried once more byte by byte; the bytes behind the last word are not.
 */
function copyByMoves(to: End, from: End, count: number): number {
  let done = 0;
  if (count >= LONG_COPY) {
    const first = copyWords(to, from, 0, WORD);
    // The first word may reach beyond an aligned address, which the aligned words then repeat.
    if (first === WORD) {
      done = WORD - (to.address & (WORD - 1));
      done += copyWords(to, from, done, count - done - ((count - done) % WORD));
    }
  } else if (count >= WORD) {
    done = copyWords(to, from, 0, count - (count % WORD));
  }
  return count - done - copyBytes(to, from, done, count - done);
}

function copyBytes(to: End, from: End, done: number, count: number): number {
  return copyUnits(to, from, done, count, 1);
}

function copyWords(to: End, from: End, done: number, count: number): number {
  return copyUnits(to, from, done, count, WORD);
}

/** Copies `count` bytes in moves of `unit` bytes; returns how many were copied before one faulted. */
function copyUnits(to: End, from: End, done: number, count: number, unit: number): number {
  const word = new Uint8Array(unit);
  for (let copied = 0; copied < count;) {
    const target = to.address + done + copied;
    const source = from.address + done + copied;
    const room = Math.min(restOfPage(target), restOfPage(source), count - copied);
    if (room < unit) {
      // A move that crosses a page touches both of them before anything is stored.
      if (!transfer(from, source, word, false) || !transfer(to, target, word, true)) return copied;
      copied += unit;
      continue;
    }
    const sourceFrame = from.frame(Math.floor(source / PAGE_SIZE));
    if (sourceFrame === null) return copied;
    const targetFrame = to.frame(Math.floor(target / PAGE_SIZE));
    if (targetFrame === null) return copied;
    const length = room - (room % unit);
    move(targetFrame, offsetInPage(target), sourceFrame, offsetInPage(source), length, unit);
    copied += length;
  }
  return count;
}

/** Moves within one page on each side. The two may be the same page, where each move sees what earlier ones stored. */
function move(target: Frame, to: number, source: Frame, from: number, length: number, unit: number): void {
  if (target !== source || to <= from || to >= from + length) {
    target.bytes.set(source.bytes.subarray(from, from + length), to);
    return;
  }
  for (let done = 0; done < length; done += unit) {
    target.bytes.copyWithin(to + done, from + done, from + done + unit);
  }
}

/** Loads or stores one word that crosses a page; false when one of the pages cannot be had. */
function transfer(end: End, address: number, word: Uint8Array, store: boolean): boolean {
  const split = restOfPage(address);
  const page = Math.floor(address / PAGE_SIZE);
  const low = end.frame(page);
  const high = low === null || split >= word.length ? low : end.frame(page + 1);
  if (low === null || high === null) return false;
  const offset = offsetInPage(address);
  for (let index = 0; index < word.length; index += 1) {
    const [frame, at] = index < split ? [low, offset + index] : [high, index - split];
    if (store) frame.bytes[at] = word[index] ?? 0;
    else word[index] = frame.bytes[at] ?? 0;
  }
  return true;
}

function offsetInPage(address: number): number {
  return address - Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
}

function restOfPage(address: number): number {
  return PAGE_SIZE - offsetInPage(address);
}
