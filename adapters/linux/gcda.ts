import { ConformanceError } from '../../spec/errors.ts';

/** The content of a file with counters, as the kernel writes it (convert_to_gcda) and gcov reads it. */
const MAGIC = 0x67_63_64_61;
/** Records whose tags begin so hold counters, which are 64 bits long. */
const COUNTER_TAGS = 0x01_a1;
/** Words before the first record: magic, version, stamp, and since GCC 12 a checksum. */
const HEADER_WORDS = 4;
const WORD = 4;

/**
 * Adds the counters of several files that come from the same build: they differ in nothing else.
 *
 * @throws ConformanceError with code `counters` for anything else than that
 */
export function addCounters(files: readonly Uint8Array[]): Uint8Array {
  const [first, ...rest] = files;
  if (first === undefined) throw new RangeError('there are no counters to add');
  const sum = Uint8Array.from(first);
  const into = viewOf(sum);
  for (const { at, end } of counterRecords(into)) {
    for (const file of rest) {
      const from = viewOf(file);
      if (from.byteLength !== into.byteLength) throw strange('they differ in length');
      for (let offset = at; offset < end; offset += 2 * WORD) {
        into.setBigUint64(offset, into.getBigUint64(offset, true) + from.getBigUint64(offset, true), true);
      }
    }
  }
  return sum;
}

/**
 * Which counters of a file are not 0, by their place in it.
 *
 * @throws ConformanceError with code `counters` for anything else than such a file
 */
export function countedPlaces(file: Uint8Array): readonly number[] {
  const view = viewOf(file);
  const places: number[] = [];
  for (const { at, end } of counterRecords(view)) {
    for (let offset = at; offset < end; offset += 2 * WORD) {
      if (view.getBigUint64(offset, true) !== 0n) places.push(offset);
    }
  }
  return places;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Where the counters lie, in bytes. */
function counterRecords(view: DataView): readonly { readonly at: number; readonly end: number }[] {
  if (view.byteLength < HEADER_WORDS * WORD || view.getUint32(0, true) !== MAGIC) throw strange('they do not begin so');
  const records = [];
  for (let at = HEADER_WORDS * WORD; at < view.byteLength;) {
    if (at + 2 * WORD > view.byteLength) throw strange('they end in the middle of a record');
    const tag = view.getUint32(at, true);
    const start = at + 2 * WORD;
    const end = start + view.getUint32(at + WORD, true);
    if (end > view.byteLength) throw strange('they end in the middle of a record');
    if (tag >>> 16 === COUNTER_TAGS) records.push({ at: start, end });
    at = end;
  }
  return records;
}

function strange(why: string): ConformanceError {
  return new ConformanceError('target', 'counters', `The kernel's counters are not what gcov reads: ${why}.`);
}
