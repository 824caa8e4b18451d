import { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';

type MakeCommand = (onExit: (code: ExitCode) => void) => Command;

/** A command that can be listed without being loaded: a start loads the one that it is for. */
interface Listed {
  readonly description: string;
  readonly load: () => Promise<MakeCommand>;
}

const COMMANDS: Readonly<Record<string, Listed>> = {
  run: {
    description: 'check targets against contracts with generated programs',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  replay: {
    description: 'perform a program again, step by step, with what is expected and what is observed',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  adapter: {
    description: 'help for those who write an adapter',
    load: async () => (await import('./commands/adapter.ts')).adapterCommand,
  },
  contract: {
    description: 'look at contracts',
    load: async () => (await import('./commands/contract.ts')).contractCommand,
  },
  helper: {
    description: 'build the helper for another machine (exec:COMMAND), and print where it lies',
    load: async () => (await import('./commands/helper.ts')).helperCommand,
  },
  targets: {
    description: 'list the targets and whether they can run here',
    load: async () => (await import('./commands/targets.ts')).targetsCommand,
  },
  prepare: {
    description: 'make targets ready, with progress: install the packages that they need, and build the rest',
    load: async () => (await import('./commands/prepare.ts')).prepareCommand,
  },
  doctor: {
    description: 'say what is missing on this machine, and the exact command that mends it',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
};

/**
 * All commands. Those that the arguments do not name can only be listed: they have neither options nor subcommands.
 *
 * @param words - the arguments of this start
 */
export async function listCommands(
  words: readonly string[],
  onExit: (code: ExitCode) => void,
): Promise<readonly Command[]> {
  return Promise.all(
    Object.entries(COMMANDS).map(async ([name, { description, load }]) => {
      const command = words.includes(name) ? (await load())(onExit) : new Command(name);
      return command.description(description);
    }),
  );
}
