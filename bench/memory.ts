import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

/** What counts as growth, in MB for a million operations: a byte an operation. */
const GROWTH = 1;

/** The garbage collector, which Node hands out only when asked for. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/**
 * Runs a campaign in this process, on the simulator, and tells how much memory it has on the way. What is reachable after a collection
 * says whether it grows. What is resident says what the machine has to give, and changes by tens of MB whenever the collector likes.
 */
export async function measureMemory(seed: number): Promise<void> {
  const parts = await loadParts(THIS.directory);
  const { loadContract, runCampaign } = parts;
  const target = await prepareTarget(parts, 'sim');
  /** Millions of operations, and MB. */
  const samples: [number, number][] = [];
  const verdicts: string[] = [];
  const stop = new AbortController();
  const collectGarbage = garbageCollector();
  let [told, sampled, reachable] = [0, 0, 0];
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
      if (percent >= sampled) {
        collectGarbage();
        const { heapUsed, external } = process.memoryUsage();
        reachable = (heapUsed + external) / 1e6;
        samples.push([operations / 1e6, reachable]);
        sampled = percent + SAMPLED;
      }
      if (percent >= told) {
        const resident = process.memoryUsage.rss() / 1e6;
        const sizes = `${reachable.toFixed(1)} MB reachable, ${resident.toFixed(1)} MB resident`;
        console.log(`${operations.toLocaleString('en-US').padStart(11)} operations: ${sizes}`);
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
