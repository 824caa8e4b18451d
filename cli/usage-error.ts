import type { Command, CommanderError } from 'commander';
import { ConformanceError } from '../spec/errors.ts';
import { unknownName } from '../spec/io/suggest.ts';
import { invocation } from './invocation.ts';

/** Commander's codes for what is no error at all. */
const SHOWN: ReadonlySet<string> = new Set(['commander.helpDisplayed', 'commander.version']);

/** Whether commander only printed what was asked for. */
export function isHelp(error: CommanderError): boolean {
  return SHOWN.has(error.code);
}

/** A mistake on the command line as one sentence that says what is allowed. */
export function usageError(error: CommanderError, command: Command): ConformanceError {
  return new ConformanceError('usage', error.code, sentence(error, command), {
    hint: `see ${commandPath(command)} --help`,
    cause: error,
  });
}

function sentence(error: CommanderError, command: Command): string {
  const given = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return unknownName('option', given, longFlags(command));
    case 'commander.unknownCommand':
      return unknownName('command', given, subcommands(command));
    case 'commander.help':
      return `no command was given; known are: ${subcommands(command).join(', ')}`;
    default:
      return error.message
        .replace(/^error: /, '')
        .replaceAll('\n', ' ')
        .replace(/\.$/, '');
  }
}

function longFlags(command: Command): string[] {
  return [...command.options.map((option) => option.long ?? option.flags), '--help'];
}

function subcommands(command: Command): string[] {
  return [...command.commands.map((subcommand) => subcommand.name()), 'help'];
}

function commandPath(command: Command): string {
  return command.parent === null ? invocation() : `${commandPath(command.parent)} ${command.name()}`;
}
