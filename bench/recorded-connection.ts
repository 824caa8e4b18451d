import type { Connect } from './layouts.ts';

/** What a session sent and was answered: the lines behind each command, in their order. */
export type Recording = readonly (readonly string[])[];

/** Connects as a target does, and notes all lines that it answers, by the command before them. */
export function recording(connect: Connect): { connect: Connect; recorded: string[][] } {
  const recorded: string[][] = [];
  return {
    recorded,
    connect: async (signal) => {
      const inner = await connect(signal);
      const lines = async function* (): AsyncGenerator<string, void, undefined> {
        for await (const line of inner.lines) {
          recorded.at(-1)?.push(line);
          yield line;
        }
      };
      const send = (line: string): void => {
        recorded.push([]);
        inner.send(line);
      };
      return { ...inner, send, lines: lines() };
    },
  };
}

/**
 * A connection to nobody: it answers each command with the lines that were recorded behind it. The first `answered` commands are
 * answered at once, the others when `release` is called, so that what sending and what receiving costs can be told apart.
 */
export function replaying(recorded: Recording, answered: number): { connect: Connect; release: () => void } {
  const ready: string[] = [];
  let next = 0;
  let wake: () => void = () => undefined;
  let sent = 0;
  const release = (): void => {
    ready.push(...(recorded[next++] ?? []));
    wake();
  };
  const lines = async function* (): AsyncGenerator<string, void, undefined> {
    for (;;) {
      for (const line of ready.splice(0)) yield line;
      if (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const connection: Awaited<ReturnType<Connect>> = {
    send: () => {
      if (sent++ < answered) release();
    },
    lines: lines(),
    closed: new Promise(() => undefined),
    close: () => Promise.resolve(),
    kill: () => undefined,
    consoleTail: () => '',
  };
  return { connect: () => Promise.resolve(connection), release };
}
