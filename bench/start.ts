import { Session } from '../properties/engine/session.ts';
import { askBatch, judgeReply } from '../properties/engine/batch.ts';
import { lockstep } from '../properties/lockstep.ts';
import type { Contract } from '../spec/contract.ts';
import { type Program, PROGRAM_VERSION } from '../spec/program.ts';
import type { ReadyTarget } from '../spec/ports/target.ts';

const ONE_OPERATION: Program = {
  version: PROGRAM_VERSION,
  ops: [{ op: 'open', actor: 'p0', to: 'd0', access: 'rw' }],
};

/** Milliseconds from nothing to the first operation that is checked at all levels; the target is prepared. */
export async function timeToFirstOperation(target: ReadyTarget, contract: Contract): Promise<number> {
  const begun = performance.now();
  const session = await Session.open(target, contract);
  try {
    const programs = [ONE_OPERATION];
    const [judged] = judgeReply(await askBatch(session, lockstep, programs), lockstep, programs);
    if (judged?.kind !== 'pass') throw new Error(`bench: the first operation did not pass: ${JSON.stringify(judged)}`);
    return performance.now() - begun;
  } finally {
    await session.close();
  }
}
