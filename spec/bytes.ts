import type { Data } from './program.ts';

/** The bytes that a `Data` stands for: its text (Latin-1) repeated up to its length. */
export function expandData(data: Data): Uint8Array {
  const bytes = new Uint8Array(data.length);
  const { text } = data;
  const once = Math.min(text.length, bytes.length);
  for (let index = 0; index < once; index++) bytes[index] = text.charCodeAt(index);
  // What is there already is doubled until all is there.
  for (let done = once; done > 0 && done < bytes.length; done *= 2) bytes.copyWithin(done, 0, done);
  return bytes;
}

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Runs of at least this many equal bytes are written `XX*N`. */
const SHORTEST_RUN = 4;

/** Encodes bytes as `EncodedBytes` of the protocol: hex, with runs of four or more equal bytes as `XX*N`. */
export function encodeBytes(bytes: Uint8Array): string {
  let text = '';
  let literal = '';
  for (let start = 0; start < bytes.length;) {
    const value = bytes[start] ?? 0;
    let end = start + 1;
    while (end < bytes.length && bytes[end] === value) end++;
    const hex = HEX[value] ?? '';
    if (end - start >= SHORTEST_RUN) {
      if (literal !== '') text += text === '' ? literal : `,${literal}`;
      literal = '';
      text += `${text === '' ? '' : ','}${hex}*${String(end - start)}`;
    } else {
      for (let index = start; index < end; index++) literal += hex;
    }
    start = end;
  }
  if (literal !== '') text += text === '' ? literal : `,${literal}`;
  return text;
}

/** The bytes that an `EncodedBytes` stands for. */
export function decodeBytes(text: string): Uint8Array {
  return Buffer.concat(
    text.split(',').map((piece) => {
      const [hex = '', count] = piece.split('*');
      return count === undefined ? Buffer.from(hex, 'hex') : Buffer.alloc(Number(count), Number.parseInt(hex, 16));
    }),
  );
}
