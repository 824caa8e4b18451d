import { access } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { formatTable } from '../../reports/format.ts';
import { measureProcess } from '../measured-process.ts';
import { inRounds } from '../rounds.ts';
import { formatSpread, ratioOf, spreadOf } from '../statistics.ts';

/** Debian's own, whatever other Pythons the machine has: its package of Hypothesis is for this one. */
const PYTHON = '/usr/bin/python3';

/** What each of the programs prints. */
const Printed = z.strictObject({ operations: z.int().positive(), seconds: z.number().positive() });

interface Way {
  readonly name: string;
  /** A command to which the size of the run and its seed are added. */
  readonly command: readonly [string, ...string[]];
  /** Runs of it: some seconds of work. */
  readonly size: number;
}

const here = (file: string): string => path.join(import.meta.dirname, file);

const SUITE: Way = { name: 'this suite', command: [process.execPath, here('suite.ts')], size: 4000 };
const COMMANDS: Way = { name: 'fc.commands', command: [process.execPath, here('fc-commands.ts')], size: 2000 };
const HYPOTHESIS: Way = { name: 'Hypothesis', command: [PYTHON, here('one_page.py')], size: 150 };

interface Measured {
  /** Operations that were performed and compared, per second of the checking alone. */
  readonly speed: number;
  /** Microseconds of processor time an operation, of all processes, their start included. */
  readonly processor: number;
}

/**
 * Measures the suite beside what a user would write instead, all on one page of a memfd with mmap, munmap, load, store, read and
 * write. An operation is one of these that was performed and whose result was held against a model.
 *
 * @param seed - of the first round; each further round has the next one
 */
export async function compareAlternatives(rounds: number, seed: number): Promise<void> {
  await requireHypothesis();
  const ways = [SUITE, COMMANDS, HYPOTHESIS];
  const measured = await inRounds(
    rounds,
    ways.map((way) => (round) => measure(way, seed + round)),
    (round) => console.error(`alternatives: ${String(round + 1)} of ${String(rounds)} rounds`),
  );
  const column = (way: Way, key: keyof Measured): number[] =>
    (measured[ways.indexOf(way)] ?? []).map((one) => one[key]);
  console.log(
    `one page of a memfd, six operations; ${String(rounds)} rounds, one after the other and each first in turn`,
  );
  const rows = ways.map((way) => [
    way.name,
    formatSpread(spreadOf(column(way, 'speed'))),
    formatSpread(spreadOf(column(way, 'processor')), 1),
  ]);
  const head = ['', 'checked operations per second', 'µs of processor time an operation'];
  for (const line of formatTable([head, ...rows])) console.log(line);
  for (const other of [COMMANDS, HYPOTHESIS]) {
    const speeds = ratioOf(column(SUITE, 'speed'), column(other, 'speed'));
    const processor = ratioOf(column(other, 'processor'), column(SUITE, 'processor'));
    console.log(
      `${SUITE.name} / ${other.name}: ${formatSpread(speeds, 2)}; by processor time ${formatSpread(processor, 2)}`,
    );
  }
}

async function measure({ command: [file, ...args], size }: Way, seed: number): Promise<Measured> {
  const { stdout, processorSeconds } = await measureProcess(file, [...args, String(size), String(seed)]);
  const { operations, seconds } = Printed.parse(JSON.parse(stdout));
  return { speed: operations / seconds, processor: (processorSeconds * 1e6) / operations };
}

async function requireHypothesis(): Promise<void> {
  try {
    await access(PYTHON);
    await measureProcess(PYTHON, ['-c', 'import hypothesis']);
  } catch (cause) {
    const hint = 'install it with: sudo apt-get install python3-hypothesis';
    throw new Error(`bench: the alternatives need Debian’s Hypothesis for ${PYTHON}; ${hint}`, { cause });
  }
}
