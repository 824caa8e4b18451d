import type { StageRequest } from './host-stages.ts';
import { type Parts, prepareTarget } from './layouts.ts';

type Failing = Parameters<Parts['shrink']>[1];
type Shrunk = ReturnType<Parts['shrink']>;
type Instance = InstanceType<Parts['Instance']>;
type Lockstep = Parts['lockstep'];

/** By the name that older checkouts know: a simulator that is wrong where programs need several operations to show it. */
const WRONG = 'faulty:fork-shares-private-pages';

/** Failing programs that are shrunk. */
const SHRUNK = 3;

/** Programs in a batch, and how many are tried before there are enough that fail. */
const BATCH = 32;
const TRIED_MAX = 5000;

/** For one counterexample, in milliseconds: more than it ever takes. */
const BUDGET_MS = 600_000;

/**
 * Microseconds of this process's processor time for one candidate while failing programs are shrunk: making it, and all that any
 * program costs after that; starting fresh targets and waiting for them counts here too.
 */
export async function measureShrink({ parts, contract, seed }: StageRequest): Promise<number> {
  const { lockstep } = parts;
  const target = await prepareTarget(parts, WRONG);
  const instance = new parts.Instance(target, contract);
  try {
    const failures: Failing[] = [];
    const session = await instance.session();
    const arbitrary = new parts.ProgramArbitrary(parts.surroundingsOf(contract, session.profile, session.started));
    for (let start = 0; failures.length < SHRUNK && start < TRIED_MAX; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, index) => parts.programNumber(arbitrary, seed, start + index));
      for (const [index, judged] of (await instance.judge(lockstep, batch)).entries()) {
        const program = batch[index];
        if (judged.kind === 'fail' && program !== undefined) {
          failures.push({ program, disagreement: judged.disagreement });
        }
      }
    }
    if (failures.length < SHRUNK) throw new Error(`bench: ${WRONG} fails too seldom`);
    let [spent, candidates] = [0, 0];
    for (const failing of failures.slice(0, SHRUNK)) {
      const before = process.cpuUsage();
      const shrunk = await shrinkOn(parts, instance, failing);
      const { user, system } = process.cpuUsage(before);
      spent += user + system;
      candidates += shrunk.candidates;
    }
    return spent / candidates;
  } finally {
    await instance.close();
  }
}

/** Until commit 738498a the shrinker took the instance and the property themselves. */
type FormerShrink = (
  instance: Instance,
  property: Lockstep,
  start: Failing,
  budgetMs: number,
  signal?: AbortSignal,
) => Shrunk;
const FORMER_PARAMETERS = 5;

function shrinkOn({ shrink, lockstep }: Parts, instance: Instance, failing: Failing): Shrunk {
  if (shrink.length === FORMER_PARAMETERS) {
    return (shrink as unknown as FormerShrink)(instance, lockstep, failing, BUDGET_MS);
  }
  const run = async (programs: readonly Failing['program'][]) => {
    const judged = await instance.judge(lockstep, programs);
    return judged.map((one) => (one.kind === 'fail' ? one.disagreement : undefined));
  };
  return shrink({ run, reset: () => instance.reset() }, failing, BUDGET_MS);
}
