const NEWLINE = 0x0a;

/**
 * Splits a stream of bytes into lines. Long lines arrive in many chunks, so chunks are kept as they are and joined
 * once, when their newline is there; no byte is looked at twice.
 */
export class LineSplitter {
  private pending: Buffer[] = [];

  /** Takes the next chunk and returns the lines that it completes, each without its newline. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.take(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) {
      this.pending.push(chunk.subarray(start));
    }
    return lines;
  }

  /** What came after the last newline: empty when the stream ended where a line ends. */
  rest(): string {
    return this.take(Buffer.alloc(0));
  }

  private take(last: Buffer): string {
    if (this.pending.length === 0) {
      return last.toString('utf8');
    }
    const line = Buffer.concat([...this.pending, last]).toString('utf8');
    this.pending = [];
    return line;
  }
}

/**
 * The lines of a byte stream. The stream is read only as fast as the lines are taken, so an idle reader makes the
 * writer wait instead of filling memory. An unfinished last line is dropped: it is half a message of a dead writer.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter();
  for await (const chunk of stream) {
    yield* splitter.push(chunk);
  }
}
