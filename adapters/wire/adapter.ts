import { messageOf } from '../../spec/errors.ts';
import type { Contract } from '../../spec/contract.ts';
import type { Level, Observation } from '../../spec/observation.ts';
import type { Program } from '../../spec/program.ts';
import {
  type Answer,
  type Command,
  type Event,
  PROTOCOL_VERSION,
  type RunCommand,
  type Started,
} from '../../spec/protocol.ts';
import type { Target } from '../../spec/ports/target.ts';
import { alwaysReady } from './always-ready.ts';
import { connectInProcess } from './in-process.ts';

/** What an implementation says of itself: the message `started`, where what is left out is not offered. */
export type Introduction = Pick<Started, 'implementation' | 'levels' | 'operations' | 'kernel' | 'facts'> &
  Partial<Pick<Started, 'settings' | 'mapFlags' | 'failures'>>;

/** How an implementation is to work from now on: the message `configure`. */
export interface Configuration {
  /** The device that it is to be. */
  readonly contract: Contract;
  /** What it is to observe, a subset of the levels of its introduction. */
  readonly levels: readonly Level[];
}

/** What an implementation says of the device's node: the message `configured`. */
export interface NodeFacts {
  /** Whether the node lies on a file system without execution (PROT_EXEC is then EPERM). */
  readonly noexec: boolean;
  /** Whether the node is a regular file, whose mappings end at 2^63 - 1; those of a device end at 2^64 - 1. */
  readonly regular: boolean;
}

/** What a program yielded: the answer `observed`. */
export interface ProgramObservations {
  /** One for each operation. */
  readonly steps: readonly Observation[];
  /** What cleaning up after the last operation yielded. */
  readonly end: Observation;
}

/** Why a program was not performed, in a sentence: the answer `skipped`, which speaks neither for nor against. */
export interface ProgramSkipped {
  readonly skipped: string;
}

/** Why an implementation cannot be the device of a contract, in a sentence: nothing is checked then, and nothing is wrong. */
export interface ContractRefused {
  readonly refused: string;
}

/** How a program is to be observed. */
export interface RunOptions {
  /** Observe the layout after every operation instead of only at checkpoints and the end. */
  readonly everyLayout: boolean;
}

/**
 * An implementation of the device's semantics in this very process. Its methods are the messages of the protocol; each may be
 * asynchronous. What a method throws is reported as an error of the adapter, never as a nonconformance.
 */
export interface Adapter {
  /** Says what it is and what it offers; called first, and once. */
  start(): Introduction | Promise<Introduction>;
  /** Becomes the device that the contract describes, or says why it cannot. */
  configure(configuration: Configuration): NodeFacts | ContractRefused | Promise<NodeFacts | ContractRefused>;
  /** Performs one program from a clean state to a clean state. */
  run(
    program: Program,
    options: RunOptions,
  ): ProgramObservations | ProgramSkipped | Promise<ProgramObservations | ProgramSkipped>;
  /**
   * Performs a program so many times without observing it, and returns the pages of memory that were lost. An adapter without
   * it is not searched for leaks.
   */
  repeat?(program: Program, times: number): number | Promise<number>;
}

/** A target whose instances are objects in this process; `create` is called for each of them. */
export function adapterTarget(name: string, create: () => Adapter): Target {
  return alwaysReady({
    name,
    connect: () => {
      const adapter = create();
      // The lines are the session's own commands, so that they need no second validation.
      return Promise.resolve(connectInProcess((line) => answer(adapter, JSON.parse(line) as Command)));
    },
  });
}

async function* answer(adapter: Adapter, command: Command): AsyncGenerator<Event, void, undefined> {
  switch (command.cmd) {
    case 'start':
      return yield await introduce(adapter);
    case 'configure':
      return yield await configure(adapter, command);
    case 'run':
      for (const [index, program] of command.programs.entries()) {
        yield { seq: command.seq, index, ...(await perform(adapter, program, command)) };
      }
      return;
    case 'stop':
      yield { event: 'stopped' };
  }
}

async function introduce(adapter: Adapter): Promise<Event> {
  try {
    const introduction = await adapter.start();
    return {
      event: 'started',
      version: PROTOCOL_VERSION,
      settings: [],
      mapFlags: [],
      failures: [],
      repeat: adapter.repeat !== undefined,
      ...introduction,
    };
  } catch (error) {
    return { event: 'refused', message: messageOf(error) };
  }
}

async function configure(adapter: Adapter, command: Command & { cmd: 'configure' }): Promise<Event> {
  const { seq, contract, levels } = command;
  try {
    const result = await adapter.configure({ contract, levels });
    if ('refused' in result) return { event: 'configured', seq, ok: false, message: result.refused };
    return { event: 'configured', seq, ok: true, ...result };
  } catch (error) {
    return { event: 'refused', message: messageOf(error) };
  }
}

/** An answer but for the numbers that say what it answers. */
type Bare<A> = A extends Answer ? Omit<A, 'seq' | 'index'> : never;

async function perform(adapter: Adapter, program: Program, { layout, repeat }: RunCommand): Promise<Bare<Answer>> {
  try {
    if (repeat !== undefined) {
      const pagesLost = (await adapter.repeat?.(program, repeat)) ?? 0;
      return { result: 'repeated', times: repeat, pagesLost };
    }
    const result = await adapter.run(program, { everyLayout: layout === 'every' });
    if ('skipped' in result) return { result: 'skipped', reason: result.skipped };
    return { result: 'observed', steps: [...result.steps], end: result.end };
  } catch (error) {
    return { result: 'errored', message: messageOf(error) };
  }
}
