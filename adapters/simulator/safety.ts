import { ADDRESS_LIMIT, ARENA, PAGE_SIZE, type PageRange, ZONE } from './machine.ts';

/**
 * Which ranges a program may touch. On a real target everything else belongs to the process that runs the program, so
 * the protocol forbids it for all targets alike.
 */

function lies(range: PageRange, start: number, end: number): boolean {
  return start >= range.start && start < range.end && end <= range.end;
}

/** Whether the pages that the bytes touch lie entirely in the arena or entirely in the zone. */
export function isInside(address: number, length: number): boolean {
  const start = Math.floor(address / PAGE_SIZE);
  const end = length === 0 ? start : Math.ceil((address + length) / PAGE_SIZE);
  return lies(ARENA, start, end) || lies(ZONE, start, end);
}

/** `munmap` and a place for mappings: a length that the kernel refuses whatever the address is safe, too. */
export function isSafeToMap(address: number, length: number): boolean {
  return isInside(address, length >= ADDRESS_LIMIT ? 0 : length);
}

/** Calls that only refuse a length that wraps around. */
export function isSafeToChange(address: number, length: number): boolean {
  return isInside(address, length === Infinity ? 0 : length);
}
