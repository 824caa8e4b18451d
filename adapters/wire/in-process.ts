import { PassThrough } from 'node:stream';
import { messageOf } from '../../spec/errors.ts';
import type { Connection, ConnectionEnd } from '../../spec/ports/connection.ts';
import type { Event } from '../../spec/protocol.ts';

/** A connection to something in this process that answers each line with events; what it throws ends the connection. */
export function connectInProcess(answer: (line: string) => Iterable<Event> | AsyncIterable<Event>): Connection {
  const lines = new PassThrough({ objectMode: true });
  const { promise: closed, resolve } = Promise.withResolvers<ConnectionEnd>();
  const end = (reason: ConnectionEnd['reason'], message: string): void => {
    lines.end();
    resolve({ reason, message });
  };
  const reply = async (line: string): Promise<void> => {
    // Later, as if somebody else did it: several instances take turns.
    await new Promise(setImmediate);
    for await (const event of answer(line)) if (lines.writable) lines.write(JSON.stringify(event));
  };
  let answered = Promise.resolve();
  return {
    // One after the other, also where answers take their time.
    send: (line) => {
      answered = answered.then(() => reply(line)).catch((error: unknown) => end('exited', messageOf(error)));
    },
    lines,
    closed,
    close: () => {
      end('closed', 'closed by the suite');
      return Promise.resolve();
    },
    kill: () => end('closed', 'closed by the suite'),
    consoleTail: () => '',
  };
}
