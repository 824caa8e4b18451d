import { Command } from 'commander';
import { listTargets } from '../../adapters/targets.ts';
import { escapeControls } from '../../reports/escape.ts';
import { formatTable } from '../../reports/format.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { invocation } from '../invocation.ts';
import { printJson, say } from '../terminal.ts';

/** `targets`: what can run here. */
export function targetsCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('targets')
    .option('--all', 'also the simulators with a planted bug, which the suite must find')
    .option('--json', 'print one JSON object to standard output')
    .action(async (options: { all?: true; json?: true }) => {
      const known = await listTargets();
      const targets = options.all ? known : known.filter(({ planted }) => !planted);
      const rows = targets.map(({ name, state, description }) => [name, state, escapeControls(description)]);
      for (const line of formatTable([['target', 'state', 'what it is'], ...rows])) say(line);
      const hidden = known.length - targets.length;
      if (hidden > 0) say(`${String(hidden)} simulators with a planted bug: --all lists them`);
      if (targets.some(({ state }) => state !== 'ready')) say(`${invocation()} prepare TARGET makes one ready`);
      if (options.json) printJson({ targets });
      onExit(EXIT.conformant);
    });
}
