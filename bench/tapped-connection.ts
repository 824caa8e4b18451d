import type { Connection } from '../spec/ports/connection.ts';

interface Batch {
  readonly lines: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection that a session talks over, and that can for a while be used without the session: then answers are
 * only counted. So one guest serves every way to drive it, and none gains from a guest that happens to be fresher.
 */
export class TappedConnection {
  readonly #inner: Connection;
  readonly #batches: Batch[] = [];
  #counted = 0;
  /** What the session sees. */
  readonly connection: Connection;

  constructor(inner: Connection) {
    this.#inner = inner;
    this.connection = { ...inner, lines: this.#untapped() };
    void inner.closed.then(({ message }) => {
      for (const batch of this.#batches.splice(0)) batch.reject(new Error(`bench: ${message}`));
    });
  }

  /** Sends one line as it is and resolves when it has been answered by so many lines, which nobody looks at. */
  exchange(line: string, answers: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#batches.push({ lines: answers, resolve: () => resolve(undefined), reject });
    this.#inner.send(line);
    return promise;
  }

  async *#untapped(): AsyncGenerator<string, void, undefined> {
    for await (const line of this.#inner.lines) {
      const batch = this.#batches[0];
      if (batch === undefined) {
        yield line;
      } else if (++this.#counted === batch.lines) {
        this.#counted = 0;
        this.#batches.shift();
        batch.resolve();
      }
    }
  }
}
