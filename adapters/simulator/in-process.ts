import { PassThrough } from 'node:stream';
import type { Connection, ConnectionEnd } from '../../spec/connection.ts';
import type { Target } from '../../spec/target.ts';
import { parseLine } from './commands.ts';
import { Simulator, type SimulatorOptions } from './simulator.ts';

/** The simulator without a process of its own, for tests of the engine that need many fresh instances. */
export function inProcessSimulator(options: SimulatorOptions): Target {
  return {
    name: 'in-process',
    prepare: () => Promise.resolve(),
    connect: () => Promise.resolve(connectInProcess(new Simulator(options))),
  };
}

function connectInProcess(simulator: Simulator): Connection {
  const lines = new PassThrough({ objectMode: true });
  const { promise: closed, resolve } = Promise.withResolvers<ConnectionEnd>();
  const answer = (line: string): void => {
    const { command, refusal } = parseLine(line);
    const events = command === null ? [refusal] : simulator.handle(command);
    for (const event of events) if (lines.writable) lines.write(JSON.stringify(event));
  };
  const kill = (): void => {
    lines.end();
    resolve({ reason: 'closed', message: 'closed by the suite' });
  };
  return {
    // Later, as if somebody else did it: several instances take turns.
    send: (line) => void setImmediate(answer, line),
    lines,
    closed,
    close: () => {
      kill();
      return Promise.resolve();
    },
    kill,
    consoleTail: () => '',
  };
}
