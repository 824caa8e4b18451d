/** Bytes that are loaded before any of them is stored. */
export interface Block {
  readonly from: number;
  readonly to: number;
}

const BLOCK = 32;

/**
 * In which order `memcpy` moves `count` bytes where no better instructions of the processor are used (arch/x86/lib/memcpy_64.S
 * `memcpy_orig`): blocks upwards and then the rest, or downwards when the last byte of the source's address, with a sign,
 * is less than that of the destination's. It decides what becomes of overlapping ranges.
 */
export function blocksOf(count: number, destination: number, source: number): readonly Block[] {
  const whole = Math.floor(count / BLOCK);
  const rest = count % BLOCK;
  const downwards = count >= BLOCK && signedByte(source) < signedByte(destination);
  const blocks = Array.from({ length: whole }, (_, index): Block => {
    const from = downwards ? count - (index + 1) * BLOCK : index * BLOCK;
    return { from, to: from + BLOCK };
  });
  if (rest === 0) return blocks;
  return [...blocks, downwards ? { from: 0, to: rest } : { from: count - rest, to: count }];
}

/** The lowest byte of an address. */
function signedByte(address: number): number {
  const byte = ((address % 256) + 256) % 256;
  return byte < 128 ? byte : byte - 256;
}
