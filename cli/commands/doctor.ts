import { Command } from 'commander';
import { diagnoseKernel } from '../../adapters/linux/diagnose.ts';
import { diagnoseUml } from '../../adapters/uml/diagnose.ts';
import { escapeControls } from '../../reports/escape.ts';
import { diagnoseMachine } from '../diagnose-machine.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { invocation } from '../invocation.ts';
import { paint, printJson, say } from '../terminal.ts';

/** `doctor`: says what is missing, and the exact command that mends it. */
export function doctorCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .option('--json', 'print one JSON object to standard output')
    .action(async (options: { json?: true }) => {
      const tool = invocation();
      const checks = [...(await diagnoseMachine()), ...(await diagnoseKernel(tool)), ...(await diagnoseUml(tool))];
      const width = Math.max(...checks.map(({ name }) => name.length));
      for (const { name, ok, detail, fix } of checks) {
        const mark = ok ? paint('green', 'ok     ') : paint('red', 'missing');
        say(`${mark}  ${name.padEnd(width)}  ${escapeControls(detail)}`);
        if (!ok && fix !== undefined) say(`         ${' '.repeat(width)}  ${paint('bold', fix)}`);
      }
      const ok = checks.every((check) => check.ok);
      say(ok ? 'everything that the default targets need is here' : 'something is missing');
      if (options.json) printJson({ ok, checks });
      onExit(ok ? EXIT.conformant : EXIT.incomplete);
    });
}
