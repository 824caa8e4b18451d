import { Command } from 'commander';
import { listTargets } from '../../adapters/targets.ts';
import { escapeControls } from '../../reports/escape.ts';
import { formatTable } from '../../reports/format.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printJson, say } from '../terminal.ts';

/** `targets`: what can run here. */
export function targetsCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('targets')
    .description('list the targets and whether they can run here')
    .option('--json', 'print one JSON object to standard output')
    .action(async (options: { json?: true }) => {
      const targets = await listTargets();
      const rows = targets.map(({ name, state, description, detail }) => [
        name,
        state,
        escapeControls(detail === undefined ? description : `${description}; ${detail}`),
      ]);
      for (const line of formatTable([['target', 'state', 'what it is'], ...rows])) say(line);
      if (options.json) printJson({ targets });
      onExit(EXIT.conformant);
    });
}
