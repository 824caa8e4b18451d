import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { messageOf } from '../../spec/errors.ts';
import { parseLine } from './commands.ts';
import { MUTANT_NAMES, isMutantName } from './mutants.ts';
import { DEFAULT_SERIES } from '../../spec/kernel.ts';
import { isSeries, SERIES } from './kernel-version.ts';
import { Simulator, type SimulatorOptions } from './simulator.ts';

const USAGE = 'usage: node adapters/simulator/main.ts [--kernel SERIES] [--mutant NAME]';
const WRONG_USAGE = 2;

/** What to simulate, or null after wrong usage. */
function optionsFromArguments(): SimulatorOptions | null {
  try {
    const options = { mutant: { type: 'string' }, kernel: { type: 'string' } } as const;
    const { mutant, kernel = DEFAULT_SERIES } = parseArgs({ options }).values;
    if (!isSeries(kernel)) {
      console.error(`There is no kernel "${kernel}"; the kernels are ${SERIES.join(', ')}.`);
    } else if (mutant === undefined) {
      return { series: kernel };
    } else if (isMutantName(mutant)) {
      return { series: kernel, mutant };
    } else {
      console.error(`There is no mutant "${mutant}"; the mutants are ${MUTANT_NAMES.join(', ')}.`);
    }
  } catch (error) {
    console.error(`${messageOf(error)}\n${USAGE}`);
  }
  return null;
}

/** Lines of stdin; a last one without newline counts, too. */
async function* linesOfInput(): AsyncGenerator<string> {
  process.stdin.setEncoding('utf8');
  let pieces: string[] = [];
  for await (const chunk of process.stdin) {
    const lines = String(chunk).split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      pieces.push(line);
      yield pieces.join('');
      pieces = [];
    }
    if (last !== '') pieces.push(last);
  }
  if (pieces.length > 0) yield pieces.join('');
}

/** Answers line by line; waits while the reader of stdout is slower, so that memory stays flat. */
async function answerWith(simulator: Simulator): Promise<void> {
  for await (const line of linesOfInput()) {
    if (line.trim() === '') continue;
    const { command, refusal } = parseLine(line);
    const events = command === null ? [refusal] : simulator.handle(command);
    const isAccepted = process.stdout.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    if (!isAccepted) await once(process.stdout, 'drain');
    if (command?.cmd === 'stop') return;
  }
}

/** Answers what comes on standard input until that ends, as the arguments of this process say. */
export async function serve(): Promise<void> {
  const options = optionsFromArguments();
  if (options === null) {
    process.exitCode = WRONG_USAGE;
    return;
  }
  // A harness that has gone away is no error of the simulator's.
  process.stdout.on('error', () => process.exit(0));
  await answerWith(new Simulator(options));
  process.stdin.destroy();
}
