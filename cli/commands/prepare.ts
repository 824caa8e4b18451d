import { Command } from 'commander';
import { missingPackages } from '../../adapters/linux/packages.ts';
import { DEFAULT_TARGETS, resolveTarget, TEST_TARGETS } from '../../adapters/targets.ts';
import { escapeControls } from '../../reports/escape.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { installFor } from '../install.ts';
import { prepareTargets } from '../prepare-targets.ts';
import { createProgress } from '../progress.ts';
import { paint, say } from '../terminal.ts';

/** `prepare`: makes targets ready, so that a run starts at once. */
export function prepareCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('prepare')
    .argument('[target...]', `the targets (default: ${DEFAULT_TARGETS.join(', ')})`)
    .option('--tests', 'also what the tests of this repository need')
    .action(async (names: string[], options: { tests?: true }) => onExit(await prepare(names, options)));
}

async function prepare(named: readonly string[], { tests }: { tests?: true }): Promise<ExitCode> {
  const names = tests ? [...TEST_TARGETS, ...named] : named.length > 0 ? named : DEFAULT_TARGETS;
  const targets = [...new Set(names)].map((name) => resolveTarget(name));
  await installFor(names, tests ? await missingPackages('tests') : []);
  const signal = abortOnInterrupt();
  const progress = createProgress(process.stderr);
  try {
    const { broken } = await prepareTargets(targets, { progress, signal });
    progress.stop();
    for (const { name } of targets) {
      const problem = broken.get(name);
      if (problem !== undefined) say(`${name}: ${paint('red', escapeControls(problem))}`);
      else if (signal.aborted) say(`${name}: ${paint('yellow', 'interrupted')}`);
      else say(`${name}: ${paint('green', 'ready')}`);
    }
    return broken.size > 0 || signal.aborted ? EXIT.incomplete : EXIT.conformant;
  } finally {
    progress.stop();
  }
}
