import type { Frame } from './frames.ts';
import { PAGE_SIZE } from './machine.ts';

/**
 * User space as a driver sees it: a pointer with the two copies that are allowed through it. Both return how many bytes
 * could not be copied, as the kernel's do.
 */
export interface UserMemory {
  /** `copy_to_user` of bytes of the driver's buffer, which begin at `offset` of it. */
  copyTo(buffer: readonly Frame[], offset: number, count: number): number;
  /** `copy_from_user` to `offset` of the driver's buffer; what could not be copied is zero there. */
  copyFrom(buffer: readonly Frame[], offset: number, count: number): number;
}

/** Memory of the caller that is there for certain: bytes to write, or room for bytes that are read. */
export class CallerMemory implements UserMemory {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  copyTo(buffer: readonly Frame[], offset: number, count: number): number {
    forEachPart(buffer, offset, count, (part, done) => {
      this.bytes.set(part, done);
    });
    return 0;
  }

  copyFrom(buffer: readonly Frame[], offset: number, count: number): number {
    forEachPart(buffer, offset, count, (part, done) => {
      part.set(this.bytes.subarray(done, done + part.length));
    });
    return 0;
  }
}

/** The bytes of a buffer from `offset` on, page by page. */
export function forEachPart(
  buffer: readonly Frame[],
  offset: number,
  count: number,
  visit: (part: Uint8Array, done: number) => void,
): void {
  for (let done = 0; done < count;) {
    const frame = buffer[Math.floor((offset + done) / PAGE_SIZE)];
    if (frame === undefined) return;
    const start = (offset + done) % PAGE_SIZE;
    const part = frame.bytes.subarray(start, Math.min(PAGE_SIZE, start + count - done));
    visit(part, done);
    done += part.length;
  }
}
