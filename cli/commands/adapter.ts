import { Command } from 'commander';
import { resolveTarget } from '../../adapters/targets.ts';
import { SILENCE_MS } from '../../properties/engine/session.ts';
import { type AdapterReport, checkAdapter } from '../../properties/adapter-check/check.ts';
import type { Finding } from '../../properties/adapter-check/conversation.ts';
import { escapeControls } from '../../reports/escape.ts';
import { formatCount } from '../../reports/format.ts';
import { listContracts, loadContract } from '../../spec/io/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { collect, timeoutOption } from '../options.ts';
import { createProgress } from '../progress.ts';
import { paint, printJson, say } from '../terminal.ts';

interface CheckOptions {
  contract?: string[];
  timeout?: number;
  json?: true;
}

/** `adapter`: what concerns people who write an adapter. */
export function adapterCommand(onExit: (code: ExitCode) => void): Command {
  const check = new Command('check')
    .description('talk to an adapter about everything once, and say all that is wrong with what it answers')
    .argument('<command>', 'the command that starts the adapter')
    .option('--contract <name|file>', `a contract, repeatable (default: ${listContracts().join(', ')})`, collect)
    .addOption(timeoutOption())
    .option('--json', 'print one JSON object to standard output')
    .action(async (command: string, options: CheckOptions) => onExit(await checkCommand(command, options)));
  return new Command('adapter').addCommand(check);
}

async function checkCommand(command: string, options: CheckOptions): Promise<ExitCode> {
  const target = resolveTarget(`adapter:${command}`);
  const contracts = (options.contract ?? listContracts()).map((name) => loadContract(name));
  const progress = createProgress(process.stderr);
  let report: AdapterReport;
  try {
    const onStage = (stage: string): void => progress.stage(`${target.name}: ${stage}`);
    const ready = await target.prepare({ onProgress: onStage });
    report = await checkAdapter({ target: ready, contracts, silenceMs: options.timeout ?? SILENCE_MS, onStage });
  } finally {
    progress.stop();
  }
  for (const line of describe(report)) say(line);
  const exitCode = exitCodeOf(report);
  if (options.json) {
    const { started, problems, notes, programs, broken } = report;
    printJson({ command, exitCode, started: started ?? null, programs, problems, notes, broken: broken ?? null });
  }
  return exitCode;
}

/** An adapter that breaks cannot be checked to its end; everything else that is wrong was found. */
function exitCodeOf({ problems, broken }: AdapterReport): ExitCode {
  if (broken !== undefined) return EXIT.incomplete;
  return problems.length > 0 ? EXIT.nonconformant : EXIT.conformant;
}

function describe({ started, problems, notes, programs, broken }: AdapterReport): string[] {
  const who = started?.implementation;
  const has = started && `${started.levels.join(', ')}; ${String(started.operations.length)} operations`;
  const count = `${formatCount(problems.length)} problem${problems.length === 1 ? '' : 's'} in ${formatCount(programs)} programs`;
  return [
    ...(who === undefined ? [] : [escapeControls(`${who.name} ${who.version}: ${has ?? ''}`)]),
    ...problems.flatMap(describeFinding).map(escapeControls),
    ...notes.map((note) => `note: ${escapeControls(note)}`),
    ...(broken === undefined ? [] : [`The check could not be brought to its end: ${escapeControls(broken)}`]),
    problems.length === 0 && broken === undefined
      ? `${paint('green', 'ok')}: ${count}`
      : `${paint('red', 'not ok')}: ${count}`,
  ];
}

function describeFinding({ about, message, sent, received }: Finding): string[] {
  return [
    `${about}: ${message}`,
    ...(sent === undefined ? [] : [`    sent:     ${sent}`]),
    ...(received === undefined ? [] : [`    received: ${received}`]),
  ];
}
