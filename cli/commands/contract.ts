import { Command } from 'commander';
import { escapeControls } from '../../reports/escape.ts';
import { describeContract } from '../../spec/describe-contract.ts';
import { inspectContract } from '../../spec/io/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { paint, printJson, say } from '../terminal.ts';

/** `contract check`: says what a contract means, or what is wrong with it. */
export function contractCommand(onExit: (code: ExitCode) => void): Command {
  const check = new Command('check')
    .description('say what a contract means, or what is wrong with each of its fields')
    .argument('<name|file>', 'a contract that ships with the suite, or a file (.json, .ts)')
    .option('--json', 'print one JSON object to standard output')
    .action((given: string, options: { json?: true }) => onExit(checkContract(given, options)));
  return new Command('contract').addCommand(check);
}

function checkContract(given: string, { json }: { json?: true }): ExitCode {
  const inspected = inspectContract(given);
  if (inspected.problems === undefined) {
    const { contract } = inspected;
    const sentences = describeContract(contract);
    for (const sentence of sentences) say(escapeControls(sentence));
    if (json) printJson({ ok: true, name: contract.name, sentences });
    return EXIT.conformant;
  }
  const { problems } = inspected;
  say(`${paint('red', 'error')}: ${escapeControls(given)} is not a valid contract`);
  for (const { path, problem } of problems) say(`  ${escapeControls(path === '' ? problem : `${path}: ${problem}`)}`);
  say('  what each field means: docs/contract.md');
  if (json) printJson({ ok: false, problems });
  return EXIT.usage;
}
