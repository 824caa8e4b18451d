import path from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { formatTable } from '../reports/format.ts';
import { type Checkout, measureRun, type MeasuredRun, otherCheckout, runCommand, THIS } from './checkout.ts';
import { differenceOf } from './journal.ts';
import { layoutOf } from './layouts.ts';
import type { Stages } from './host-stages.ts';
import { inRounds } from './rounds.ts';
import { formatSpread, ratioOf, spreadOf } from './statistics.ts';

/** Starts of the command in one measurement: the kernel tells processor time in steps of 10 ms. */
const STARTS = 5;

/** What two checkouts are compared in. */
export interface Comparison {
  readonly other: string;
  readonly targets: readonly string[];
  readonly contract: string;
  /** Sizes of runs. */
  readonly programs: readonly number[];
  /** Programs of which the stages are measured; 0: they are not. */
  readonly stagePrograms: number;
  readonly rounds: number;
  /** The seed of the first round; each further round has the next one. */
  readonly seed: number;
  readonly jobs: string | undefined;
}

type Pair = readonly [other: Checkout, self: Checkout];

/** Measures another checkout and this one side by side: the start of the command, runs, and stages. Prints what it finds. */
export async function compareCheckouts(comparison: Comparison): Promise<void> {
  const pair = [otherCheckout(comparison.other), THIS] as const;
  const { targets, rounds, contract } = comparison;
  if (comparison.stagePrograms > 0) for (const { directory } of pair) layoutOf(directory);
  for (const checkout of pair) await runCommand(checkout, ['prepare', ...targets]);
  console.log(`other: ${pair[0].directory}\nthis:  ${pair[1].directory}`);
  console.log(`${String(rounds)} rounds, one after the other and each first in turn; median (smallest–largest).`);
  console.log(`${contract}, processor time of user and system, of all processes together.\n`);
  await compareStarts(pair, rounds);
  for (const target of targets) {
    for (const programs of comparison.programs) await compareRuns(pair, comparison, target, programs);
    if (comparison.stagePrograms > 0) await compareStages(pair, comparison, target);
  }
}

async function compareStarts(pair: Pair, rounds: number): Promise<void> {
  const measured = await inRounds(
    rounds,
    pair.map((checkout) => async () => {
      const starts: Awaited<ReturnType<typeof runCommand>>[] = [];
      while (starts.length < STARTS) starts.push(await runCommand(checkout, ['--version']));
      const mean = (key: 'processorSeconds' | 'wallSeconds'): number =>
        (starts.reduce((sum, start) => sum + start[key], 0) / STARTS) * 1000;
      return { processor: mean('processorSeconds'), wall: mean('wallSeconds') };
    }),
    tell('start', rounds),
  );
  printTable('the command with --version', [
    row('processor time, ms', measured, ({ processor }) => processor),
    row('from start to end, ms', measured, ({ wall }) => wall),
  ]);
}

async function compareRuns(pair: Pair, comparison: Comparison, target: string, programs: number): Promise<void> {
  const { contract, rounds, seed, jobs } = comparison;
  const what = `${target}, ${programs.toLocaleString('en-US')} programs`;
  const measured = await inRounds(
    rounds,
    pair.map((checkout) => async (round) => {
      return await measureRun(checkout, { target, contract, programs, seed: seed + round, jobs });
    }),
    tell(what, rounds),
  );
  printTable(what, [
    row('checked operations per second', measured, ({ operations, seconds }) => operations / seconds),
    row('processor time, µs an operation', measured, perOperation, 1),
  ]);
  const [others = [], own = []] = measured;
  for (const [round, run] of own.entries()) {
    const other = others[round];
    const difference = other === undefined ? undefined : differenceOf(other, run);
    if (difference !== undefined) {
      console.log(
        `NOT THE SAME PROGRAMS OR VERDICTS with seed ${String(seed + round)}: ${difference} (other and this)`,
      );
    }
  }
  const operations = own.reduce((sum, run) => sum + run.operations, 0);
  console.log(`${operations.toLocaleString('en-US')} operations compared in each\n`);
}

function perOperation({ processorSeconds, operations }: MeasuredRun): number {
  return (processorSeconds * 1e6) / operations;
}

async function compareStages(pair: Pair, comparison: Comparison, target: string): Promise<void> {
  const { contract, rounds, seed, stagePrograms } = comparison;
  const script = path.join(import.meta.dirname, 'stages.ts');
  const measured = await inRounds(
    rounds,
    pair.map(({ directory }) => async (round): Promise<Stages> => {
      const args = [script, directory, target, contract, String(stagePrograms), String(seed + round)];
      const { stdout } = await execa(process.execPath, args, { stderr: 'inherit' });
      return z.record(z.string(), z.number()).parse(JSON.parse(stdout));
    }),
    tell(`${target}, stages`, rounds),
  );
  const names = Object.keys(measured.at(-1)?.[0] ?? {});
  printTable(
    `${target}, stages of ${String(stagePrograms)} programs, µs of processor time an operation`,
    names.map((name) => row(name, measured, (stages) => stages[name] ?? NaN, 1)),
  );
  console.log('');
}

type Row = readonly [string, string, string, string];

function row<T>(name: string, [others = [], own = []]: readonly T[][], valueOf: (one: T) => number, digits = 0): Row {
  const [left, right] = [others.map(valueOf), own.map(valueOf)];
  return [
    name,
    formatSpread(spreadOf(left), digits),
    formatSpread(spreadOf(right), digits),
    // A difference of measurements that is lost in noise has no ratio.
    [...left, ...right].every((value) => value > 0) ? formatSpread(ratioOf(right, left), 2) : 'within noise',
  ];
}

function printTable(title: string, rows: readonly Row[]): void {
  for (const line of formatTable([[title, 'other', 'this', 'this / other'], ...rows])) console.log(line);
}

function tell(what: string, rounds: number): (round: number) => void {
  return (round) => console.error(`${what}: ${String(round + 1)} of ${String(rounds)} rounds`);
}
