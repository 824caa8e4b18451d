import { isUtf8 } from 'node:buffer';

const NEWLINE = 0x0a;

/**
 * The longest line that is taken, in bytes. An answer of a program with the most operations and the layout after each of them
 * has some 30 MiB; what is longer comes from a program that has lost its mind, and must not fill the memory of this one.
 */
const LINE_MAX_BYTES = 64 * 1024 * 1024;

/** A stream that is no stream of lines of text; the message goes on after "It sent". */
export class BadLine extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadLine';
  }
}

/**
 * Splits a stream of bytes into lines. Long lines arrive in many chunks, so chunks are kept as they are and joined
 * once, when their newline is there; no byte is looked at twice.
 */
export class LineSplitter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly maxBytes: number;

  constructor(maxBytes = LINE_MAX_BYTES) {
    this.maxBytes = maxBytes;
  }

  /**
   * Takes the next chunk and returns the lines that it completes, each without its newline.
   *
   * @throws BadLine for a line that is too long, or no UTF-8
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.take(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) {
      this.pending.push(chunk.subarray(start));
      this.pendingBytes += chunk.length - start;
      if (this.pendingBytes > this.maxBytes) {
        throw new BadLine(`a line of more than ${String(this.maxBytes / 1024 / 1024)} MiB: ${this.beginning()}`);
      }
    }
    return lines;
  }

  /** What came after the last newline, up to some hundred characters: empty when the stream ended where a line ends. */
  rest(): string {
    return this.pending.length === 0 ? '' : this.beginning();
  }

  private take(last: Buffer): string {
    const line = this.pending.length === 0 ? last : Buffer.concat([...this.pending, last]);
    this.pending = [];
    this.pendingBytes = 0;
    if (!isUtf8(line)) {
      throw new BadLine(`a line that is not UTF-8: ${line.subarray(0, 200).toString('utf8')}`);
    }
    return line.toString('utf8');
  }

  private beginning(): string {
    return Buffer.concat(this.pending.slice(0, 200)).subarray(0, 200).toString('utf8');
  }
}

/**
 * The lines of a byte stream. The stream is read only as fast as the lines are taken, so an idle reader makes the
 * writer wait instead of filling memory. An unfinished last line is dropped: it is half a message of a dead writer.
 *
 * @param onRest told what was dropped, if anything was
 * @throws BadLine for what is no text in lines
 */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  onRest: (rest: string) => void = () => undefined,
): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter();
  for await (const chunk of stream) {
    yield* splitter.push(chunk);
  }
  onRest(splitter.rest());
}
