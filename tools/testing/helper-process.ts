import { execa } from 'execa';
import { createInterface } from 'node:readline';
import { Event } from '../../spec/protocol.ts';

/** How long a test waits for one line, in milliseconds: long enough for a sanitizer build on a busy machine. */
const LINE_TIMEOUT_MS = 30_000;

export interface HelperProcess {
  readonly pid: number;
  /** Sends a command, or a line as it is. */
  send(command: object | string): void;
  /** The next answer, validated against the schema. */
  next(): Promise<Event>;
  /** Closes stdin and waits for the end: the exit code, what was logged, and the lines that were not read yet. */
  finish(): Promise<{ exitCode: number | undefined; log: string; rest: Event[] }>;
}

/** Starts a helper for a test. */
export function startHelper(binary: string, args: readonly string[]): HelperProcess {
  const child = execa(binary, args, { reject: false, buffer: { stdout: false, stderr: true } });
  const lines = createInterface({ input: child.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();
  const next = async (): Promise<Event | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`the helper said nothing for ${String(LINE_TIMEOUT_MS)} ms`));
      }, LINE_TIMEOUT_MS);
    });
    const line = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer));
    return line.done === true ? undefined : Event.parse(JSON.parse(line.value));
  };
  return {
    pid: child.pid ?? -1,
    send: (command) => {
      child.stdin.write(`${typeof command === 'string' ? command : JSON.stringify(command)}\n`);
    },
    next: async () => {
      const event = await next();
      if (event === undefined) {
        throw new Error('the helper ended');
      }
      return event;
    },
    finish: async () => {
      child.stdin.end();
      const rest: Event[] = [];
      for (let event = await next(); event !== undefined; event = await next()) {
        rest.push(event);
      }
      const { exitCode, stderr } = await child;
      return { exitCode, log: stderr, rest };
    },
  };
}
