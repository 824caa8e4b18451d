/** A line-based, two-way connection to a target, whatever carries it: a process, a guest's port, a socket. */
export interface Connection {
  /** Queues one line (without the newline). Never blocks; what the target does not read yet is kept. */
  send(line: string): void;
  /** The lines that the target prints, each without its newline. Ends when the connection ends. */
  readonly lines: AsyncIterable<string>;
  /** Resolves once, when the connection has ended, with the reason. Never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** Ends the connection in an orderly way; resolves when nothing of it is left. */
  close(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
  /** The last lines that the target logged beside the protocol (stderr or console), for error messages. */
  consoleTail(): string;
}

export interface ConnectionEnd {
  /** `closed`: we asked; `exited`: the target ended by itself; `crashed`: its kernel oopsed; `killed`: from outside. */
  reason: 'closed' | 'exited' | 'crashed' | 'killed';
  /** One sentence for people. */
  message: string;
}
