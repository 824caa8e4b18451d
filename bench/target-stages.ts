import type { StageRequest, Stages } from './host-stages.ts';
import type { OpenSession, Program } from './layouts.ts';
import { childrenProcessorSeconds } from './processor-time.ts';

/** Programs in a batch, as the engine has them. */
const BATCH = 32;

/** The shortest line that a target answers at once, and that touches nothing. */
const EMPTY_EXCHANGE = '{}';

type Level = OpenSession['levels'][number];

/**
 * Processor time of the target's own processes for one operation, by what it does. A target cannot be asked where its time goes, and
 * a profiler would be part of what is measured, so the same programs are performed with more and more of the work, each time
 * by a fresh target, and the differences are told:
 *
 * - `transport`: one line without a command and its answer for each program, one after the other. Batches need fewer wake-ups.
 * - `clean start`: programs without operations, so all that is done for a program before and after, its answer included.
 * - `hand-over`: each operation replaced by a checkpoint, of which only the outcome is observed: reading it, giving it to its process,
 *   answering.
 * - `system calls`: the operations themselves with their outcomes.
 * - each further level that the target has: the same, observed on this level too.
 * - `all`: everything observed. It is not the sum of the others, because what levels have in common counts for each.
 *
 * Where the target is a virtual machine, it is the machine's processor time.
 */
export async function measureTarget(request: StageRequest): Promise<Stages> {
  const { levels, programs } = await drawPrograms(request);
  const operations = programs.reduce((sum, { ops }) => sum + ops.length, 0);
  const empty = programs.map((program) => ({ ...program, ops: [] }));
  const idle = programs.map((program) => ({ ...program, ops: program.ops.map(() => CHECKPOINT) }));
  const perform = (what: readonly Program[], observed: readonly Level[]): Promise<number> =>
    spentBy(() => run(request, what, observed));

  const start = await perform([], ['outcome']);
  const exchanges = await spentBy(() => exchange(request, programs.length));
  const emptied = await perform(empty, ['outcome']);
  const idled = await perform(idle, ['outcome']);
  const performed = await perform(programs, ['outcome']);
  const differences: Stages = {
    'target: transport': exchanges - start,
    'target: clean start': emptied - start,
    'target: hand-over': idled - emptied,
    'target: system calls': performed - idled,
  };
  const others = levels.filter((level) => level !== 'outcome');
  for (const level of others) {
    differences[`target: ${level}`] = (await perform(programs, ['outcome', level])) - performed;
  }
  differences['target: all'] = (others.length > 1 ? await perform(programs, levels) : performed) - start;
  return Object.fromEntries(Object.entries(differences).map(([name, seconds]) => [name, (seconds * 1e6) / operations]));
}

const CHECKPOINT = { op: 'checkpoint', actor: 'p0' } as const;

/** The programs of a campaign with this seed, and the levels of the target. */
async function drawPrograms(request: StageRequest): Promise<{ levels: readonly Level[]; programs: Program[] }> {
  const { parts, target, contract, seed } = request;
  const session = await parts.Session.open(target, contract);
  const arbitrary = new parts.ProgramArbitrary(parts.surroundingsOf(contract, session.profile, session.started));
  const programs = Array.from({ length: request.programs }, (_, index) => parts.programNumber(arbitrary, seed, index));
  const { levels } = session;
  await session.close();
  return { levels, programs };
}

/** Seconds of processor time of what was started and has ended meanwhile. */
async function spentBy(work: () => Promise<void>): Promise<number> {
  const before = childrenProcessorSeconds();
  await work();
  return childrenProcessorSeconds() - before;
}

async function run(
  { parts, target, contract }: StageRequest,
  programs: readonly Program[],
  levels: readonly Level[],
): Promise<void> {
  const session = await parts.Session.open(target, contract, { levels });
  for (let start = 0; start < programs.length; start += BATCH) {
    const answers = await session.run(programs.slice(start, start + BATCH));
    const wrong = answers.find(({ result }) => result !== 'observed');
    if (wrong !== undefined) throw new Error(`bench: a program was not performed: ${JSON.stringify(wrong)}`);
  }
  await session.close();
}

async function exchange({ target }: StageRequest, times: number): Promise<void> {
  const connection = await target.connect();
  const lines = connection.lines[Symbol.asyncIterator]();
  for (let time = 0; time < times; time++) {
    connection.send(EMPTY_EXCHANGE);
    const { done } = await lines.next();
    if (done === true) throw new Error(`bench: ${target.name} ended: ${connection.consoleTail()}`);
  }
  // What it says at its end is read too: a process whose output nobody takes is never done.
  const rest = Array.fromAsync({ [Symbol.asyncIterator]: () => lines });
  await connection.close();
  await rest;
}
