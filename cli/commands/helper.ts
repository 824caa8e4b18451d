import { copyFile } from 'node:fs/promises';
import { Command } from 'commander';
import { buildHelper } from '../../adapters/native/build.ts';
import { requirePackages } from '../../adapters/linux/packages.ts';
import { ConformanceError, messageOf } from '../../spec/errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { say } from '../terminal.ts';

/** `helper`: the static program that performs programs, to be put onto another machine. */
export function helperCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('helper').option('--out <file>', 'copy it there').action(async ({ out }: { out?: string }) => {
    await requirePackages('helper');
    const helper = await buildHelper({ onProgress: say });
    if (out !== undefined) await copyTo(helper, out);
    process.stdout.write(`${out ?? helper}\n`);
    onExit(EXIT.conformant);
  });
}

async function copyTo(helper: string, out: string): Promise<void> {
  try {
    await copyFile(helper, out);
  } catch (cause) {
    throw new ConformanceError('usage', 'out', `cannot write ${out}: ${messageOf(cause)}`, { cause });
  }
}
