import { Command, Option } from 'commander';
import { resolveTarget } from '../../adapters/targets.ts';
import { replayProgram, type ReplayStep } from '../../properties/engine/replay.ts';
import { formatValue, paintVerdict } from '../../reports/format.ts';
import { describeReplay } from '../../reports/replay.ts';
import { worstVerdict } from '../../reports/run-view.ts';
import { ConformanceError } from '../../spec/errors.ts';
import { loadContract } from '../../spec/io/load.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { timeoutOption } from '../options.ts';
import { createProgress } from '../progress.ts';
import { findReplaySources } from '../replay-source.ts';
import { paint, printJson, say } from '../terminal.ts';
import { userDriver, type UserDriverOptions, withUserDriver } from '../user-driver.ts';

interface ReplayOptions extends UserDriverOptions {
  target?: string;
  adapter?: string;
  timeout?: number;
  contract?: string;
  json?: true;
}

/** `replay`: performs one program again, step by step. */
export function replayCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('replay');
  command
    .argument('<file|token>', 'a program file, a journal (each of its counterexamples), or a token')
    .option('--target <name>', 'the target to perform it on')
    .addOption(
      new Option('--adapter <command>', 'a command that speaks the protocol to perform it on').conflicts('target'),
    )
    .addOption(timeoutOption())
    .option('--contract <name|file>', 'another contract than the one the program was made for')
    .option('--json', 'print one JSON object to standard output')
    .action(async (given: string, options: ReplayOptions) => onExit(await replay(given, options)));
  return withUserDriver(command);
}

async function replay(given: string, options: ReplayOptions): Promise<ExitCode> {
  const name = targetName(options);
  const sources = findReplaySources(given);
  const jobs = sources.map((source) => ({ ...source, contract: loadContract(options.contract ?? source.contract) }));
  const contracts = new Map(jobs.map(({ contract }) => [contract.name, contract]));
  const target = resolveTarget(name, userDriver(options, [...contracts.values()]));
  const signal = abortOnInterrupt();
  const progress = createProgress(process.stderr);
  const replays = [];
  try {
    progress.stage(`${target.name}: preparing`);
    const ready = await target.prepare({
      onProgress: (message) => progress.stage(`${target.name}: ${message}`),
      signal,
    });
    for (const { contract, program, property, title } of jobs) {
      progress.stage(`${target.name} ${contract.name}: replaying`);
      const { steps, message } = await replayProgram({
        target: ready,
        contract,
        program,
        signal,
        ...(property && { property }),
        ...(options.timeout !== undefined && { silenceMs: options.timeout }),
      });
      const verdict = verdictOf(steps, message);
      progress.print(`${paint('bold', formatValue(title))} (${contract.name} on ${target.name})`);
      for (const line of describeReplay(steps, paint)) progress.print(line);
      progress.print(paintVerdict(verdict, paint, message === undefined ? ENDINGS[verdict] : formatValue(message)));
      replays.push({ title, target: target.name, contract: contract.name, verdict, message, steps });
    }
  } catch (error) {
    // An interrupted target breaks in its own way; that is no error of its own.
    if (!signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  if (options.json) printJson({ replays });
  if (signal.aborted) say('the replay was interrupted');
  return signal.aborted ? EXIT.incomplete : exitCodeOf(worstVerdict(replays.map(({ verdict }) => verdict)));
}

function targetName({ target, adapter }: ReplayOptions): string {
  if (target !== undefined) return target;
  if (adapter !== undefined) return `adapter:${adapter}`;
  throw new ConformanceError(
    'usage',
    'no-target',
    "required option '--target <name>' or '--adapter <command>' not specified",
  );
}

const ENDINGS = { pass: 'agrees on every step', fail: 'disagrees', errored: 'could not be judged' } as const;

/** A message instead of steps says why the target could not perform the program. */
function verdictOf(steps: readonly ReplayStep[], message: string | undefined): keyof typeof ENDINGS {
  if (message !== undefined) return 'errored';
  return steps.some((step) => step.disagreement !== undefined) ? 'fail' : 'pass';
}
