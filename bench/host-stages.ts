import type { Contract, Parts, OpenSession, Program, Target } from './layouts.ts';
import { recording, replaying } from './recorded-connection.ts';

/** Programs in a batch, as the engine has them. */
const BATCH = 32;

/** The first commands of a session: `start` and `configure`. */
const HANDSHAKE = 2;

/** What is to be measured, in a checkout's own terms. */
export interface StageRequest {
  readonly parts: Parts;
  readonly target: Target;
  readonly contract: Contract;
  readonly programs: number;
  readonly seed: number;
}

/** Microseconds of processor time. */
export type Stages = Record<string, number>;

/**
 * Processor time of this process for one operation, by what it does: `generate` draws programs and steps the model for that,
 * `write` makes a command of a batch, `read` makes answers of lines and checks that they are answers, `judge` holds them against
 * the model. The programs are performed once by the target itself, which also warms everything up; then its answers
 * are played back, so that nothing else runs between the stages.
 */
export async function measureHost(request: StageRequest): Promise<Stages> {
  const { parts, target, contract, programs } = request;
  const { connect, recorded } = recording((signal) => target.connect(signal));
  const first = await parts.Session.open({ ...target, connect }, contract);
  await throughStages(request, first, () => undefined);
  await first.close();
  // What `stop` was answered is of no use.
  const { connect: replay, release } = replaying(recorded, HANDSHAKE);
  const session = await parts.Session.open({ ...target, connect: replay }, contract);
  const { spent, operations } = await throughStages(request, session, release);
  session.kill();
  if (operations === 0) throw new Error(`bench: ${target.name} answered none of ${String(programs)} programs`);
  return Object.fromEntries(Object.entries(spent).map(([name, time]) => [name, time / operations]));
}

async function throughStages(
  { parts, contract, programs, seed }: StageRequest,
  session: OpenSession,
  release: () => void,
): Promise<{ spent: Stages; operations: number }> {
  const { lockstep, judgeReply, programNumber } = parts;
  const spent: Stages = { generate: 0, write: 0, read: 0, judge: 0 };
  const clock = stopwatch(spent);
  const arbitrary = new parts.ProgramArbitrary(parts.surroundingsOf(contract, session.profile, session.started));
  let operations = 0;
  for (let start = 0; start < programs; start += BATCH) {
    const batch: Program[] = [];
    clock.restart();
    for (let index = start; index < Math.min(start + BATCH, programs); index++) {
      batch.push(programNumber(arbitrary, seed, index));
    }
    clock.lap('generate');
    const expanded = batch.map((program) => lockstep.expand(program));
    const answered = session.run(expanded.flat());
    clock.lap('write');
    release();
    const answers = await answered;
    clock.lap('read');
    const reply = { session, programs: expanded, answers: answers.map((answer) => [answer]) };
    for (const judged of judgeReply(reply, lockstep, batch)) {
      if (judged.kind !== 'pass') throw new Error(`bench: a program did not pass: ${JSON.stringify(judged)}`);
      operations += judged.operations;
    }
    clock.lap('judge');
  }
  return { spent, operations };
}

/** Adds the processor time since the last lap to a stage. */
function stopwatch(spent: Stages): { restart: () => void; lap: (stage: string) => void } {
  let last = process.cpuUsage();
  return {
    restart: () => (last = process.cpuUsage()),
    lap: (stage) => {
      const now = process.cpuUsage();
      spent[stage] = (spent[stage] ?? 0) + now.user + now.system - last.user - last.system;
      last = now;
    },
  };
}
