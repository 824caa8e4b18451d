import { PAGE_SIZE } from '../areas/place.ts';

/**
 * Pages are copied on every first write. Memory of their own, outside of the heap, costs several times what the copying does, so
 * some share one piece of it; it is freed when none of them is used any more.
 */
const PAGES_OF_PIECE = 16;

let piece: Buffer<ArrayBuffer> = Buffer.alloc(0);
let used = 0;

/** A copy of a page's bytes. */
export function copyOfPage(bytes: Uint8Array): Uint8Array {
  if (used === piece.byteLength) {
    // Not zeroed: all of it is written before anybody reads it.
    piece = Buffer.allocUnsafeSlow(PAGES_OF_PIECE * PAGE_SIZE);
    used = 0;
  }
  const copy = new Uint8Array(piece.buffer, piece.byteOffset + used, PAGE_SIZE);
  used += PAGE_SIZE;
  copy.set(bytes);
  return copy;
}
