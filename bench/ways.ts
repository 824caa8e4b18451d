import type { Campaign } from '../properties/engine/campaign-types.ts';
import { ClauseCounts } from '../properties/judge/compare.ts';
import { lockstep } from '../properties/lockstep.ts';
import { runPrograms } from '../properties/engine/runner.ts';
import { numbered } from '../properties/source.ts';
import type { Program } from '../spec/program.ts';
import type { BenchGuest } from './guest.ts';
import type { Workload } from './workload.ts';

/** As the engine has them (`properties/engine/runner.ts`, `properties/engine/queue.ts`). */
const BATCH = 32;
const DEPTH = 3;

/** The shortest line that the helper answers at once, and that touches nothing. */
const EMPTY_EXCHANGE = '{}';

/** A way to perform all programs of a workload in a guest. */
export type Way = (guest: BenchGuest, workload: Workload) => Promise<void>;

/** The engine as `run` uses it: generation, batches, validation of every answer, model, comparison, coverage. */
export const checked: Way = async ({ instance }, { generate, programs, seed, operations }) => {
  const campaign: Campaign = {
    target: instance.target,
    contract: instance.contract,
    properties: ['lockstep'],
    seed,
    programs: programs.length,
    shrinkMs: 0,
    signal: new AbortController().signal,
    write: (entry) => {
      if (entry.type === 'result' && entry.verdict === 'pass' && entry.operations === operations) return;
      throw new Error(`bench: the engine did not check everything: ${JSON.stringify(entry)}`);
    },
    onProgress: () => undefined,
  };
  const source = numbered(generate, programs.length);
  await runPrograms(campaign, [instance], lockstep, new ClauseCounts(), source, { planned: programs.length });
};

/** The same programs observed in the same way, their lines made beforehand; nothing is read but the newlines. */
export const bare: Way = async ({ tap }, { programs }) => {
  const flights: Promise<void>[] = [];
  for (const [line, answers] of linesOf(programs)) {
    if (flights.length === DEPTH) await flights.shift();
    flights.push(tap.exchange(line, answers));
  }
  await Promise.all(flights);
};

/**
 * A harness that waits for each operation before it asks for the next: as many round trips as operations. The protocol
 * performs whole programs, so all round trips of a program but the last are the emptiest that there is, and the last
 * carries the program. That flatters this way: its messages are shorter than real ones, and nothing is checked either.
 */
export const roundTrips: Way = async ({ tap }, { programs }) => {
  for (const program of programs) {
    for (let operation = 1; operation < program.ops.length; operation++) await tap.exchange(EMPTY_EXCHANGE, 1);
    await tap.exchange(runLine([program]), 1);
  }
};

function runLine(programs: readonly Program[]): string {
  return JSON.stringify({ cmd: 'run', seq: 0, programs });
}

const LINES = new WeakMap<readonly Program[], (readonly [string, number])[]>();

function linesOf(programs: readonly Program[]): (readonly [string, number])[] {
  let lines = LINES.get(programs);
  if (lines === undefined) {
    lines = [];
    for (let start = 0; start < programs.length; start += BATCH) {
      const batch = programs.slice(start, start + BATCH);
      lines.push([runLine(batch), batch.length]);
    }
    LINES.set(programs, lines);
  }
  return lines;
}
