import { Command } from 'commander';
import { resolveTarget } from '../../adapters/targets.ts';
import { escapeControls } from '../../reports/escape.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { prepareTargets } from '../prepare-targets.ts';
import { createProgress } from '../progress.ts';
import { paint, say } from '../terminal.ts';

/** `prepare`: makes targets ready, so that a run starts at once. */
export function prepareCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('prepare')
    .description('make targets ready: build what they need, with progress')
    .argument('<target...>', 'the targets')
    .action(async (names: string[]) => onExit(await prepare(names)));
}

async function prepare(names: readonly string[]): Promise<ExitCode> {
  const targets = [...new Set(names)].map((name) => resolveTarget(name));
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
