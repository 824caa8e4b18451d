import type { Contract } from '../../spec/contract.ts';
import type { Draft } from '../draft.ts';

const PAGE = 4096;

/** The pages of a fresh buffer by contract: the same for every open, copied when they are first written. */
const freshPages = new WeakMap<Contract, readonly Uint8Array[]>();

function initialPages(contract: Contract): readonly Uint8Array[] {
  const known = freshPages.get(contract);
  if (known !== undefined) return known;
  const pages = Array.from({ length: contract.buffer.pages }, (_, page) => {
    const bytes = new Uint8Array(PAGE);
    const text = contract.buffer.initial.slice(page * PAGE, (page + 1) * PAGE);
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
    return bytes;
  });
  freshPages.set(contract, pages);
  return pages;
}

/** The first frame of a fresh buffer with its initial bytes. */
export function newBuffer(draft: Draft): number {
  const first = draft.nextId;
  const pages = initialPages(draft.contract);
  draft.nextId += pages.length;
  draft.addFrames(first, pages);
  return first;
}

/** The frame of the device's only buffer when the device owns it: made with the initial state, so always the first id. */
export const DEVICE_BUFFER = 1;

/** Puts the buffer with this first frame into its initial state. */
export function resetDevice(draft: Draft, first: number): void {
  draft.addFrames(first, initialPages(draft.contract));
}
