import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunFigures, readFigures } from './journal.ts';
import { measureProcess, type MeasuredProcess } from './measured-process.ts';

/** A checkout of this project with its dependencies installed. */
export interface Checkout {
  readonly name: 'other' | 'this';
  readonly directory: string;
}

/** The checkout that this bench belongs to. */
export const THIS: Checkout = { name: 'this', directory: path.dirname(import.meta.dirname) };

/** Another one. @throws when there is none in the directory, with what is missing */
export function otherCheckout(directory: string): Checkout {
  const checkout: Checkout = { name: 'other', directory: path.resolve(directory) };
  if (!existsSync(commandOf(checkout))) throw new Error(`bench: ${directory} has no cli/main.ts: it is no checkout`);
  if (!existsSync(path.join(directory, 'node_modules'))) throw new Error(`bench: run \`npm ci\` in ${directory} first`);
  return checkout;
}

function commandOf({ directory }: Checkout): string {
  return path.join(directory, 'cli/main.ts');
}

/** Runs a checkout's own command line, under the same Node as this bench whatever the checkout would choose. */
export function runCommand(checkout: Checkout, args: readonly string[]): Promise<MeasuredProcess> {
  return measureProcess(process.execPath, [commandOf(checkout), ...args]);
}

/** One run of `lockstep`. */
export interface RunRequest {
  readonly target: string;
  readonly contract: string;
  readonly programs: number;
  readonly seed: number;
  readonly jobs: string | undefined;
}

export interface MeasuredRun extends RunFigures {
  /** Of the command from its start to its end, with its targets. */
  readonly processorSeconds: number;
}

/** @throws when the run does not pass */
export async function measureRun(checkout: Checkout, request: RunRequest): Promise<MeasuredRun> {
  const { target, contract, programs, seed, jobs } = request;
  const out = await mkdtemp(path.join(tmpdir(), 'mmap-conformance-bench-'));
  const what = ['--target', target, '--contract', contract, '--property', 'lockstep'];
  const size = [
    '--programs',
    String(programs),
    '--seed',
    String(seed),
    ...(jobs === undefined ? [] : ['--jobs', jobs]),
  ];
  try {
    const { processorSeconds } = await runCommand(checkout, ['run', ...what, ...size, '--json', '--out', out]);
    return { ...readFigures(await readFile(path.join(out, 'journal.jsonl'), 'utf8')), processorSeconds };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
