/** Keeps the last bytes of an endless text, for error messages. */
export class TextRing {
  private chunks: Buffer[] = [];
  private size = 0;
  private readonly capacity: number;

  /** @param capacity how many bytes are kept at least, once that many have come. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    // Joining at twice the capacity costs a constant number of copies for each byte.
    if (this.size > 2 * this.capacity) {
      const kept = Buffer.from(Buffer.concat(this.chunks).subarray(-this.capacity));
      this.chunks = [kept];
      this.size = kept.length;
    }
  }

  text(): string {
    return Buffer.concat(this.chunks).subarray(-this.capacity).toString('utf8').replaceAll('\r', '');
  }

  /** The last `count` lines, without trailing empty ones. */
  tail(count: number): string {
    return this.text().trimEnd().split('\n').slice(-count).join('\n');
  }
}
