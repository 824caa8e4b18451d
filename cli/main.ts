#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { escapeControls } from '../reports/escape.ts';
import { ConformanceError, messageOf } from '../spec/errors.ts';
import { adapterCommand } from './commands/adapter.ts';
import { doctorCommand } from './commands/doctor.ts';
import { helperCommand } from './commands/helper.ts';
import { prepareCommand } from './commands/prepare.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { targetsCommand } from './commands/targets.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { TOOL } from './invocation.ts';
import { paint, say, tolerateClosedPipes } from './terminal.ts';
import { isHelp, usageError } from './usage-error.ts';

function buildProgram(onExit: (code: ExitCode) => void): Command {
  const program = new Command(TOOL.name)
    .description('property-based conformance tests for Linux devices that map their buffer into user space')
    .version(TOOL.version);
  const commands = [
    runCommand,
    replayCommand,
    targetsCommand,
    prepareCommand,
    doctorCommand,
    adapterCommand,
    helperCommand,
  ];
  for (const command of commands) program.addCommand(command(onExit));
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
    // Commander would print and exit by itself; mistakes are reported in one place, below.
    command.configureOutput({ outputError: () => undefined });
    command.exitOverride((error) => {
      throw isHelp(error) ? error : usageError(error, command);
    });
  }
  return program;
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

async function main(): Promise<ExitCode> {
  tolerateClosedPipes();
  // Node would end with 1, which here means that a target is not conformant.
  process.on('uncaughtException', (error) => process.exit(reportError(error)));
  let exitCode: ExitCode = EXIT.conformant;
  try {
    await buildProgram((code) => {
      exitCode = code;
    }).parseAsync();
  } catch (error) {
    return reportError(error);
  }
  return exitCode;
}

// A target that holds on to a handle must not keep a finished run alive.
process.exit(await main());
