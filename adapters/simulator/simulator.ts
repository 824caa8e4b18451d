import type { Contract } from '../../spec/contract.ts';
import { LEVELS, type Level } from '../../spec/observation.ts';
import { FAILURES } from '../../spec/operations/define.ts';
import { MAP_FLAGS } from '../../spec/operations/mappings.ts';
import { OPERATION_NAMES, type Program, SETTING_NAMES } from '../../spec/program.ts';
import { type Answer, type Command, type Event, PROTOCOL_VERSION, type RunCommand } from '../../spec/protocol.ts';
import { MANIFEST } from '../manifest.ts';
import { explainFailure } from './commands.ts';
import { Execution } from './execution.ts';
import { type MutantName, partsWith } from './mutants.ts';
import { Kernel } from './kernel.ts';
import { DEFAULT_SERIES } from '../../spec/kernel.ts';
import { type KernelVersion, kernelVersion, type Series } from './kernel-version.ts';
import { MACHINE, MACHINE_FACTS, PAGE_SIZE } from './machine.ts';
import { CORRECT_PARTS, type Parts } from './parts.ts';

export interface SimulatorOptions {
  /** Makes the simulator wrong in one way. */
  readonly mutant?: MutantName;
  /** Which kernel it pretends to be. */
  readonly series?: Series;
}

interface Configuration {
  readonly contract: Contract;
  readonly levels: ReadonlySet<Level>;
  kernel: Kernel;
}

/** The target side of the protocol: takes one command, returns the events that answer it. */
export class Simulator {
  readonly #name: string;
  readonly #parts: Parts;
  readonly #version: KernelVersion;
  #isStarted = false;
  #configuration: Configuration | null = null;

  constructor({ mutant, series = DEFAULT_SERIES }: SimulatorOptions = {}) {
    this.#version = kernelVersion(series);
    this.#name = mutant === undefined ? 'simulator' : `simulator with ${mutant}`;
    this.#parts = mutant === undefined ? CORRECT_PARTS : partsWith(mutant);
  }

  handle(command: Command): Event[] {
    if (command.cmd === 'start') return [this.#start(command.version)];
    if (command.cmd === 'stop') return [{ event: 'stopped' }];
    if (!this.#isStarted) return [refused(`Send "start" before "${command.cmd}".`)];
    if (command.cmd === 'configure') {
      return [this.#configure(command.seq, command.contract, new Set(command.levels))];
    }
    if (this.#configuration === null) return [refused('Send "configure" with a contract before "run".')];
    return this.#run(command, this.#configuration);
  }

  #start(version: number): Event {
    if (version !== PROTOCOL_VERSION) {
      const versions = `version ${String(PROTOCOL_VERSION)} of the protocol, not version ${String(version)}`;
      return refused(`This simulator speaks ${versions}: use a suite and a simulator of the same release.`);
    }
    this.#isStarted = true;
    return {
      event: 'started',
      version: PROTOCOL_VERSION,
      implementation: { name: this.#name, version: MANIFEST.version },
      levels: [...LEVELS],
      operations: [...OPERATION_NAMES],
      settings: [...SETTING_NAMES],
      mapFlags: [...MAP_FLAGS],
      failures: [...FAILURES],
      repeat: true,
      kernel: { release: `${this.#version.series}.0-sim`, machine: MACHINE },
      facts: { ...MACHINE_FACTS, ...this.#version.facts },
    };
  }

  #configure(seq: number, contract: Contract, levels: ReadonlySet<Level>): Event {
    const bytes = contract.buffer.pages * PAGE_SIZE;
    const longest = Math.max(contract.read?.size ?? 0, contract.write?.size ?? 0);
    if (longest > bytes) {
      const message = `The contract lets read or write reach ${String(longest)} bytes, but its buffer has only ${String(bytes)}.`;
      return { event: 'configured', seq, ok: false, message };
    }
    const kernel = new Kernel(contract, this.#parts, this.#version);
    this.#configuration = { contract, levels, kernel };
    const { isOnNoexec, isRegularFile } = kernel.driver;
    return { event: 'configured', seq, ok: true, noexec: isOnNoexec, regular: isRegularFile };
  }

  #run(command: RunCommand, configuration: Configuration): Answer[] {
    const { seq, programs, repeat } = command;
    const levels: ReadonlySet<Level> = repeat === undefined ? configuration.levels : new Set();
    const watch = { levels, layoutEvery: command.layout === 'every' };
    let execution = new Execution(configuration.kernel, watch);
    return programs.map((program, index) => {
      let step = 0;
      const onStep = (current: number): void => {
        step = current;
      };
      try {
        if (repeat !== undefined) {
          return { seq, index, result: 'repeated', times: repeat, pagesLost: repeated(execution, program) };
        }
        return { seq, index, result: 'observed', ...execution.run(program, onStep) };
      } catch (error) {
        // A simulator that broke half-way must not spoil the programs that follow.
        configuration.kernel = new Kernel(configuration.contract, this.#parts, this.#version);
        execution = new Execution(configuration.kernel, watch);
        return { seq, index, result: 'errored', message: explainFailure(program, error), step };
      }
    });

    function repeated(current: Execution, program: Program): number {
      const { memory } = configuration.kernel;
      const before = memory.inUse;
      for (let time = 0; time < (repeat ?? 0); time += 1) current.run(program, () => undefined);
      return memory.inUse - before;
    }
  }
}

function refused(message: string): Event {
  return { event: 'refused', message };
}
