import type { AddressSpace } from './address-space.ts';
import type { Errno } from './errno.ts';
import { type GupFlags, getUserPages } from './gup.ts';
import { PAGE_SIZE } from './machine.ts';

/** Which way bytes go between the caller and the memory of a process. */
export type Direction = 'read' | 'write';

/** `process_vm_rw`, with one range on each side; returns how many bytes were moved. */
export function processVm(
  space: AddressSpace,
  address: number,
  bytes: Uint8Array,
  direction: Direction,
): number | Errno {
  const flags: GupFlags = { write: direction === 'write', pin: true };
  let done = 0;
  while (done < bytes.length) {
    const moved = movePages(space, address + done, bytes.subarray(done), direction, flags);
    // Pages that were had before the first that could not be are no error, but that one is asked for again.
    if (moved === 0) return done === 0 ? 'EFAULT' : done;
    done += moved;
  }
  return done;
}

/** `mem_rw`: reading and writing /proc/PID/mem, a page at a time. */
export function procMem(space: AddressSpace, address: number, bytes: Uint8Array, direction: Direction): number | Errno {
  const flags: GupFlags = { write: direction === 'write', force: space.kernel.version.facts.memForce };
  let done = 0;
  while (done < bytes.length) {
    const part = bytes.subarray(done, done + PAGE_SIZE);
    const moved = accessRemote(space, address + done, part, direction, flags);
    if (moved === 0) return done === 0 ? 'EIO' : done;
    done += moved;
  }
  return done;
}

/** `__access_remote_vm`: page by page, each looked up on its own. */
function accessRemote(
  space: AddressSpace,
  address: number,
  bytes: Uint8Array,
  direction: Direction,
  flags: GupFlags,
): number {
  let done = 0;
  while (done < bytes.length) {
    const rest = PAGE_SIZE - offsetInPage(address + done);
    const part = bytes.subarray(done, done + rest);
    const moved = movePages(space, address + done, part, direction, flags);
    if (moved === 0) return done;
    done += moved;
  }
  return done;
}

/** Moves bytes as far as pages can be had without a gap; returns how many. */
function movePages(
  space: AddressSpace,
  address: number,
  bytes: Uint8Array,
  direction: Direction,
  flags: GupFlags,
): number {
  const first = Math.floor(address / PAGE_SIZE);
  const offset = offsetInPage(address);
  const pages = Math.ceil((offset + bytes.length) / PAGE_SIZE);
  const { frames } = getUserPages(space, first, pages, flags);
  let done = 0;
  for (const frame of frames) {
    const from = done === 0 ? offset : 0;
    const part = bytes.subarray(done, done + PAGE_SIZE - from);
    if (direction === 'write') frame.bytes.set(part, from);
    else part.set(frame.bytes.subarray(from, from + part.length));
    done += part.length;
  }
  return done;
}

function offsetInPage(address: number): number {
  return address - Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
}
