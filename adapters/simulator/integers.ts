import { type Int64, toSigned, toUnsigned } from '../../spec/integer.ts';
import { Position } from './file.ts';
import { PAGE_SIZE } from './machine.ts';

/** Integers of the protocol in the forms that the kernel code needs. Numbers, the common case, cost no BigInt. */

const LONGEST_ALIGNABLE = 2n ** 64n - BigInt(PAGE_SIZE);

/**
 * A `size_t` length in bytes. Beyond 2^53 it is only nearly exact, which no check can tell, except that PAGE_ALIGN wraps
 * for the last page of the 64-bit range: those lengths are infinite.
 */
export function toLength(value: Int64): number {
  if (typeof value === 'number' && value >= 0) return value;
  const bytes = toUnsigned(value);
  return bytes > LONGEST_ALIGNABLE ? Infinity : Number(bytes);
}

/** `PAGE_ALIGN` of a length that begins `offset` bytes behind the start of a page, in pages; 0 where it wraps around. */
export function toPages(value: Int64, offset = 0): number {
  if (typeof value === 'number' && value >= 0) return Math.ceil((value + offset) / PAGE_SIZE);
  const bytes = BigInt.asUintN(64, toUnsigned(value) + BigInt(offset));
  return bytes > LONGEST_ALIGNABLE ? 0 : Number((bytes + BigInt(PAGE_SIZE - 1)) / BigInt(PAGE_SIZE));
}

/** The page offset of an `off_t`, or null when it does not lie at the start of a page. */
export function toPageOffset(value: Int64): number | null {
  if (typeof value === 'number' && value >= 0) return value % PAGE_SIZE === 0 ? value / PAGE_SIZE : null;
  const bytes = toUnsigned(value);
  const pageSize = BigInt(PAGE_SIZE);
  return bytes % pageSize === 0n ? Number(bytes / pageSize) : null;
}

const LARGEST_POSITION = 2n ** 63n - 1n;

/** The position that `pread` names (`loff_t`), or null where the kernel says EINVAL at once: when it is negative. */
export function toPosition(value: Int64): Position | null {
  if (typeof value === 'number') return value >= 0 ? new Position(value) : null;
  const bytes = toSigned(value);
  return bytes >= 0n ? new Position(bytes) : null;
}

/** `rw_verify_area`: whether a transfer of so many bytes from there would leave the range of `loff_t`. */
export function overflowsPosition(position: Position, length: number): boolean {
  if (position.bytes <= Number.MAX_SAFE_INTEGER - length) return false;
  return position.toBigInt() + BigInt(length) > LARGEST_POSITION;
}
