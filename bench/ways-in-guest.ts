import { resolveTarget } from '../adapters/targets.ts';
import { formatTable } from '../reports/format.ts';
import { listContracts, loadContract } from '../spec/io/load.ts';
import type { ReadyTarget } from '../spec/ports/target.ts';
import { type BenchGuest, coldTarget, openBenchGuest } from './guest.ts';
import { modelSpeed } from './model.ts';
import { timeToFirstOperation } from './start.ts';
import { formatSpread, ratioOf, spreadOf } from './statistics.ts';
import { bare, checked, roundTrips, type Way } from './ways.ts';
import { makeWorkload, type Workload } from './workload.ts';

/** How often a guest is started. */
const STARTS = 9;

/** Targets whose guests can be restored, and booted instead. */
const RESTORED = 'kernel:';

const WAYS: readonly (readonly [string, Way])[] = [
  ['checked', checked],
  ['bare', bare],
  ['round trips', roundTrips],
];

/** One way in one round. */
interface Measured {
  readonly seconds: number;
  /** Operations per second. */
  readonly speed: number;
  /** Processor time of this process for one program, in microseconds. */
  readonly hostCpu: number;
}

type Results = ReadonlyMap<string, Measured[]>;

/** What the ways are measured with. */
export interface WaysRequest {
  readonly target: string;
  /** Programs in each round. */
  readonly programs: number;
  readonly rounds: number;
  readonly seed: number;
}

/** Measures the ways to drive one guest side by side, for each contract, and how long a guest takes to its first operation. */
export async function compareWaysInGuest(request: WaysRequest): Promise<void> {
  const target = await resolveTarget(request.target).prepare({ onProgress: console.error });
  console.log(`${target.name}. ${String(request.rounds)} rounds with ${String(request.programs)} programs each,`);
  console.log(
    'the ways one after the other in each round, in one guest for each contract; median (smallest–largest)\n',
  );
  for (const name of listContracts()) await compareWays(target, name, request);
  await measureStarts(target);
}

async function compareWays(target: ReadyTarget, contractName: string, request: WaysRequest): Promise<void> {
  const { programs: count, rounds, seed } = request;
  const guest = await openBenchGuest(target, loadContract(contractName));
  try {
    const session = await guest.instance.session();
    const results: Results = new Map(WAYS.map(([name]) => [name, []]));
    const modelSpeeds: number[] = [];
    // Round 0 only warms up.
    for (let round = 0; round <= rounds; round++) {
      const workload = makeWorkload(session, seed, count, round * count);
      // Each way comes first, second and last equally often.
      for (let turn = 0; turn < WAYS.length; turn++) {
        const [name, way] = WAYS[(round + turn) % WAYS.length] ?? fail();
        const measured = await measure(way, guest, workload);
        if (round > 0) results.get(name)?.push(measured);
      }
      const speed = modelSpeed(workload, session.contract, session.profile);
      if (round > 0) modelSpeeds.push(speed);
      console.error(`${contractName}: ${String(round)} of ${String(rounds)} rounds`);
    }
    report(`${contractName}, Linux ${session.profile.release}`, results, modelSpeeds, count);
  } finally {
    await guest.instance.close();
  }
}

async function measure(way: Way, guest: BenchGuest, workload: Workload): Promise<Measured> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await way(guest, workload);
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, speed: workload.operations / seconds, hostCpu: (user + system) / workload.programs.length };
}

function fail(): never {
  throw new Error('bench: no such way');
}

function report(contractName: string, results: Results, model: readonly number[], count: number): void {
  const column = (name: string, key: keyof Measured): number[] => (results.get(name) ?? []).map((one) => one[key]);
  const speeds = (name: string): number[] => column(name, 'speed');
  // If host and guest shared one core, what the engine does beyond the bare replay would add to its time.
  const median = (name: string, key: keyof Measured): number => spreadOf(column(name, key)).median;
  const extraSeconds = ((median('checked', 'hostCpu') - median('bare', 'hostCpu')) * count) / 1e6;
  const shared = median('bare', 'seconds') / (median('bare', 'seconds') + extraSeconds);
  console.log(contractName);
  const rows = [...results.keys()].map((name) => [
    name,
    formatSpread(spreadOf(speeds(name))),
    formatSpread(spreadOf(column(name, 'hostCpu'))),
  ]);
  for (const line of formatTable([['way', 'operations per second', 'host µs per program'], ...rows])) console.log(line);
  console.log(`checked / bare:        ${formatSpread(ratioOf(speeds('checked'), speeds('bare')), 2)}`);
  console.log(`checked / round trips: ${formatSpread(ratioOf(speeds('checked'), speeds('round trips')), 2)}`);
  console.log(`checked / bare, were there only one core: ${shared.toFixed(2)}`);
  console.log(`model alone: ${formatSpread(spreadOf(model))} operations per second on one core\n`);
}

async function measureStarts(target: ReadyTarget): Promise<void> {
  const contract = loadContract(listContracts()[0] ?? '');
  const ways: [string, ReadyTarget][] = [['first checked operation', target]];
  if (target.name.startsWith(RESTORED)) {
    ways.push(['… with a boot', await coldTarget(target.name.slice(RESTORED.length), console.error)]);
  }
  for (const [what, started] of ways) {
    const times: number[] = [];
    for (let round = 0; round < STARTS; round++) times.push(await timeToFirstOperation(started, contract));
    console.log(`${what}: ${formatSpread(spreadOf(times))} ms`);
  }
}
