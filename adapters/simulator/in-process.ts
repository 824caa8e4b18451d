import type { ReadyTarget } from '../../spec/ports/target.ts';
import { connectInProcess } from '../wire/in-process.ts';
import { parseLine } from './commands.ts';
import { Simulator, type SimulatorOptions } from './simulator.ts';

/** The simulator without a process of its own, for tests of the engine that need many fresh instances. */
export function inProcessSimulator(options: SimulatorOptions): ReadyTarget {
  return {
    name: 'sim in this process',
    connect: () => {
      const simulator = new Simulator(options);
      const connection = connectInProcess((line) => {
        const { command, refusal } = parseLine(line);
        return command === null ? [refusal] : simulator.handle(command);
      });
      return Promise.resolve(connection);
    },
  };
}
