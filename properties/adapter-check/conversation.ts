import type { Connection } from '../../spec/ports/connection.ts';
import { describeError, messageOf } from '../../spec/errors.ts';
import type { Command, Event } from '../../spec/protocol.ts';
import { readEvent } from '../../spec/io/read-event.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';

/** Characters of a message or a line that a finding shows. */
const SHOWN = 300;

/** Something that is wrong with an adapter. */
export interface Finding {
  /** What was looked at: `start`, `fork`, `garbage`. */
  readonly about: string;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** The line that was sent, and the one that came back, shortened. */
  readonly sent?: string;
  readonly received?: string;
}

/** The adapter does not live any more, or says nothing: what was asked of it cannot go on. */
export class Broken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Broken';
  }
}

type Next = { readonly line: string } | { readonly ended: string } | { readonly silent: true };

/** A conversation with an adapter that may answer anything: what it says wrong is noted, not thrown. */
export class AdapterConversation {
  readonly #connection: Connection;
  readonly #lines: AsyncIterator<string>;
  readonly #silenceMs: number;
  readonly #note: (finding: Finding) => void;
  #hasAnswered = false;
  #seq = 0;
  #pending: Promise<IteratorResult<string>> | undefined;

  static async open(
    target: ReadyTarget,
    silenceMs: number,
    note: (finding: Finding) => void,
  ): Promise<AdapterConversation> {
    try {
      return new AdapterConversation(await target.connect(), silenceMs, note);
    } catch (error) {
      throw new Broken(describeError(error));
    }
  }

  private constructor(connection: Connection, silenceMs: number, note: (finding: Finding) => void) {
    this.#connection = connection;
    this.#lines = connection.lines[Symbol.asyncIterator]();
    this.#silenceMs = silenceMs;
    this.#note = note;
  }

  /** A number for a command that its answers carry. */
  nextSeq(): number {
    return ++this.#seq;
  }

  /** @returns the line that was sent */
  send(command: Command | string): string {
    const line = typeof command === 'string' ? command : JSON.stringify(command);
    this.#connection.send(line);
    return line;
  }

  /**
   * The next line, which has to be a message of the protocol. What is wrong with it is noted, each field.
   *
   * @returns undefined for a line that is none
   * @throws Broken when nothing comes
   */
  async next(about: string, sent: string): Promise<{ event: Event | undefined; line: string }> {
    // Before it can answer `start` it has to be started.
    const isFirst = !this.#hasAnswered;
    const allowed = isFirst ? Math.max(this.#silenceMs, Math.min(30_000, this.#silenceMs * 3)) : this.#silenceMs;
    const next = await this.#read(allowed);
    this.#hasAnswered = true;
    if ('line' in next) {
      const { line } = next;
      const { event, problems } = readEvent(line);
      for (const problem of problems) {
        this.note(about, `The line that came back is no message of the protocol: ${problem}.`, sent, line);
      }
      return { event, line };
    }
    const tail = this.#connection.consoleTail();
    const words = tail === '' ? '' : `\nIts last lines:\n${tail}`;
    const seconds = String(allowed / 1000);
    const advice = 'An adapter answers every command, and flushes its standard output after every line.';
    const what = 'ended' in next ? next.ended.replace(/\.$/, '') : `It said nothing for ${seconds} s. ${advice}`;
    const message = `Nothing came back: ${what.replace(/\.$/, '')}.${words}`;
    this.note(about, message, sent);
    throw new Broken(message);
  }

  /** Whether it says anything within a time, though nothing was asked. */
  async saysMore(milliseconds: number): Promise<string | undefined> {
    const next = await this.#read(milliseconds);
    return 'line' in next ? next.line : undefined;
  }

  note(about: string, message: string, sent?: string, received?: string): void {
    this.#note({
      about,
      message,
      ...(sent !== undefined && { sent: cut(sent) }),
      ...(received !== undefined && { received: cut(received) }),
    });
  }

  /** Resolves with whether it ends by itself within a time. */
  async ends(milliseconds: number): Promise<boolean> {
    const timer = Promise.withResolvers<boolean>();
    const timeout = setTimeout(() => timer.resolve(false), milliseconds);
    const isEnded = await Promise.race([this.#connection.closed.then(() => true), timer.promise]);
    clearTimeout(timeout);
    return isEnded;
  }

  kill(): void {
    this.#connection.kill();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #read(milliseconds: number): Promise<Next> {
    this.#pending ??= this.#lines.next();
    const { promise, resolve } = Promise.withResolvers<Next>();
    const timeout = setTimeout(() => resolve({ silent: true }), milliseconds);
    this.#pending.then(
      (result) => {
        if (result.done !== true) resolve({ line: result.value });
        else void this.#connection.closed.then(({ message }) => resolve({ ended: message }));
      },
      (error: unknown) => resolve({ ended: `It sent ${messageOf(error)}` }),
    );
    const next = await promise;
    clearTimeout(timeout);
    if ('line' in next) this.#pending = undefined;
    return next;
  }
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
