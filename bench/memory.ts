import { THIS } from './checkout.ts';
import { loadParts, prepareTarget } from './layouts.ts';
import { slopeOf } from './statistics.ts';

const OPERATIONS = 3_000_000;

/** Operations of a program on average: only to know how many programs to ask for. */
const PROGRAM_OPERATIONS = 20;

/** Shares of the run, in percent: between two lines, between two samples, and until everything that is needed once is there. */
const TOLD = 10;
const SAMPLED = 1;
const WARM = 20;

/**
 * What counts as growth, in MB for a million operations: a byte an operation. What the collector leaves behind at one time
 * or another makes a smaller slope even where nothing grows.
 */
const GROWTH = 1;

/** Runs a campaign on the simulator in this process and tells how much memory the process has on the way. */
export async function measureMemory(seed: number): Promise<void> {
  const parts = await loadParts(THIS.directory);
  const { loadContract, runCampaign } = parts;
  const target = await prepareTarget(parts, 'sim');
  /** Millions of operations, and MB. */
  const samples: [number, number][] = [];
  const verdicts: string[] = [];
  const stop = new AbortController();
  let [told, sampled] = [0, 0];
  await runCampaign({
    target,
    contract: loadContract('lkmc_mmap'),
    properties: ['lockstep'],
    // More than enough: it ends when there were so many operations.
    programs: Math.ceil((OPERATIONS / PROGRAM_OPERATIONS) * 2),
    seed,
    shrinkMs: 0,
    signal: stop.signal,
    write: (entry) => {
      if (entry.type === 'result') verdicts.push(entry.verdict);
    },
    onProgress: ({ operations }) => {
      const percent = (operations / OPERATIONS) * 100;
      const resident = process.memoryUsage.rss() / 1e6;
      if (percent >= sampled) {
        samples.push([operations / 1e6, resident]);
        sampled = percent + SAMPLED;
      }
      if (percent >= told) {
        console.log(
          `${operations.toLocaleString('en-US').padStart(11)} operations: ${resident.toFixed(1)} MB resident`,
        );
        told += TOLD;
      }
      if (operations >= OPERATIONS) stop.abort();
    },
  });
  // It is ended by the number of operations.
  if (verdicts[0] !== 'incomplete') throw new Error(`bench: the run ended with \`${String(verdicts[0])}\``);
  const warm = samples.filter(([millions]) => millions >= (OPERATIONS * WARM) / 100 / 1e6);
  const slope = slopeOf(warm);
  const verdict = slope > GROWTH ? 'it grew' : 'it did not grow';
  console.log(`after the first ${String(WARM)}%: ${slope.toFixed(2)} MB for a million operations: ${verdict}`);
  if (slope > GROWTH) process.exitCode = 1;
}
