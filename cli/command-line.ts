import { Command, CommanderError } from 'commander';
import { escapeControls } from '../reports/escape.ts';
import { ConformanceError, messageOf } from '../spec/errors.ts';
import { listCommands } from './commands.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { TOOL } from './invocation.ts';
import { paint, say, tolerateClosedPipes } from './terminal.ts';
import { isHelp, usageError } from './usage-error.ts';

async function buildProgram(onExit: (code: ExitCode) => void): Promise<Command> {
  const program = new Command(TOOL.name)
    .description('property-based conformance tests for Linux devices that map their buffer into user space')
    .version(TOOL.version);
  for (const command of await listCommands(process.argv.slice(2), onExit)) program.addCommand(command);
  for (const command of withSubcommands(program)) {
    // Commander would print and exit by itself; mistakes are reported in one place, below.
    command.configureOutput({ outputError: () => undefined });
    command.exitOverride((error) => {
      throw isHelp(error) ? error : usageError(error, command);
    });
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function reportError(error: unknown): ExitCode {
  if (error instanceof CommanderError && isHelp(error)) return EXIT.conformant;
  if (error instanceof ConformanceError) {
    say(`${paint('red', 'error')}: ${escapeControls(error.message)}`);
    if (error.hint !== undefined) say(`  ${escapeControls(error.hint)}`);
    return error.kind === 'usage' ? EXIT.usage : EXIT.incomplete;
  }
  say(`${paint('red', 'error')}: this is a mistake in ${TOOL.name}: ${escapeControls(messageOf(error))}`);
  if (error instanceof Error) say(escapeControls(error.stack ?? ''));
  return EXIT.incomplete;
}

/** Does what the arguments ask for. Yields the exit code; never rejects. */
export async function main(): Promise<ExitCode> {
  tolerateClosedPipes();
  // Node would end with 1, which here means that a target is not conformant.
  process.on('uncaughtException', (error) => process.exit(reportError(error)));
  let exitCode: ExitCode = EXIT.conformant;
  try {
    const program = await buildProgram((code) => {
      exitCode = code;
    });
    await program.parseAsync();
  } catch (error) {
    return reportError(error);
  }
  return exitCode;
}
