/** The reference model behind the wire: `node adapters/reference/main.ts`. Harnesses are tested with it. */
import { createInterface } from 'node:readline';
import { MANIFEST } from '../manifest.ts';
import { expectedObservation } from '../../model/expected-observation.ts';
import { REFERENCE_FACTS } from '../../model/reference-facts.ts';
import { traceProgram } from '../../model/trace.ts';
import type { Contract } from '../../spec/contract.ts';
import { messageOf } from '../../spec/errors.ts';
import { type KernelProfile, kernelProfile } from '../../spec/kernel.ts';
import { LEVELS, type Level } from '../../spec/observation.ts';
import { MAP_FLAGS } from '../../spec/operations/mappings.ts';
import { OPERATION_NAMES, SETTING_NAMES } from '../../spec/program.ts';
import {
  type Answer,
  Command,
  type Event,
  PROTOCOL_VERSION,
  type RunCommand,
  type Started,
} from '../../spec/protocol.ts';

const STARTED: Started = {
  event: 'started',
  version: PROTOCOL_VERSION,
  implementation: { name: 'reference', version: MANIFEST.version },
  levels: LEVELS.filter((level) => level !== 'health'),
  operations: [...OPERATION_NAMES],
  settings: [...SETTING_NAMES],
  mapFlags: [...MAP_FLAGS],
  // How often a driver allocates is no business of the model's.
  failures: [],
  repeat: false,
  kernel: { release: '6.12.0-reference', machine: 'x86_64' },
  facts: REFERENCE_FACTS,
};

interface Configuration {
  readonly contract: Contract;
  readonly levels: readonly Level[];
  readonly profile: KernelProfile;
}

let configuration: Configuration | undefined;

function runProgram(command: RunCommand, index: number, { contract, levels, profile }: Configuration): Answer {
  const program = command.programs[index];
  if (program === undefined || command.repeat !== undefined) {
    return { seq: command.seq, index, result: 'skipped', reason: 'the reference has no memory to lose' };
  }
  if (program.ops.some((op) => 'fail' in op && op.fail !== undefined)) {
    return { seq: command.seq, index, result: 'skipped', reason: 'the reference lets nothing fail on demand' };
  }
  const trace = traceProgram(program, contract, profile, { everyLayout: command.layout === 'every' });
  return {
    seq: command.seq,
    index,
    result: 'observed',
    steps: trace.steps.map(({ expected }) => expectedObservation(expected, levels)),
    end: expectedObservation(trace.end.expected, levels),
  };
}

function handle(line: string): readonly Event[] {
  const command = Command.parse(JSON.parse(line));
  switch (command.cmd) {
    case 'start': {
      if (command.version === PROTOCOL_VERSION) return [STARTED];
      const message = `this is version ${String(PROTOCOL_VERSION)} of the protocol; use a suite of the same version`;
      return [{ event: 'refused', message }];
    }
    case 'configure': {
      const { contract, levels, seq } = command;
      const proc = contract.node.kind === 'proc';
      const configured = { event: 'configured', seq, ok: true, noexec: proc, regular: proc } as const;
      configuration = { contract, levels, profile: kernelProfile(STARTED, configured) };
      return [configured];
    }
    case 'run': {
      const current = configuration;
      if (current === undefined) return [{ event: 'refused', message: 'send `configure` before `run`' }];
      return command.programs.map((_, index) => runProgram(command, index, current));
    }
    case 'stop':
      return [{ event: 'stopped' }];
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let events: readonly Event[];
  try {
    events = handle(line);
  } catch (error) {
    events = [{ event: 'refused', message: messageOf(error) }];
  }
  process.stdout.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  if (events.some((event) => 'event' in event && event.event === 'stopped')) break;
}
// An open input would keep the process alive after `stop`.
process.stdin.destroy();
