import * as z from 'zod';

/**
 * A signed or unsigned 64-bit integer on the wire: a JSON number while it is exact in a double,
 * else a decimal string, so that absurd lengths and offsets survive every JSON library.
 * Range: -2^63 … 2^64 - 1.
 */
export const Int64 = z
  .union([z.int(), z.string().regex(/^-?[0-9]{1,20}$/)])
  .meta({ id: 'Int64', description: 'A 64-bit integer: a number, or a decimal string when beyond 2^53.' });
export type Int64 = z.infer<typeof Int64>;

/** The value as the kernel sees an unsigned register (modulo 2^64). */
export function toUnsigned(value: Int64): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** The value as the kernel sees a signed register (`loff_t`). */
export function toSigned(value: Int64): bigint {
  return BigInt.asIntN(64, BigInt(value));
}
