import type { SessionEnded } from '../engine/session.ts';
import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import type { Judged } from '../engine/batch.ts';
import type { Lane } from '../engine/instance.ts';
import type { Property } from '../property.ts';
import { removals } from './removals.ts';
import { renumbered, simplifications } from './simplify.ts';

/** Candidates that are sent in one batch. */
const BATCH = 32;

export interface Shrunk {
  readonly program: Program;
  readonly disagreement: Disagreement;
  /** Candidates that were run. */
  readonly candidates: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/**
 * Two failures are the same if they break the same clause on the same level, and in the same function of the driver, where the
 * kernel names one: everything that it reports is of one clause, and so is everything that is left.
 */
export function signature({ clause, level, observed }: Disagreement): string {
  const named = level === 'reports' || level === 'health' ? functionIn(observed) : undefined;
  return named === undefined ? `${level} ${clause}` : `${level} ${clause} ${named}`;
}

/** The function that reports name first, or that has allocated what is left. The last words of a kernel name too many. */
function functionIn(observed: unknown): string | undefined {
  if (!Array.isArray(observed)) return undefined;
  for (const one of observed as readonly unknown[]) {
    if (typeof one === 'string') {
      const named = / in ([\w.]+)(?:\+0x\S+)? \[\w+\]/.exec(one)?.[1];
      if (named !== undefined) return named;
    } else if (typeof one === 'object' && one !== null && 'function' in one) {
      return String(one.function);
    }
  }
  return undefined;
}

/** The failure of a program that ends its target. */
export function endedDisagreement(judged: Extract<Judged, { kind: 'ended' }>, step: number): Disagreement {
  const { reason, message, console } = judged.error;
  return {
    clause: 'HEALTH-01',
    level: 'reports',
    step,
    expected: 'the target goes on',
    observed: `${reason}: ${message}${console === '' ? '' : `\n${console}`}`,
  };
}

/** What is known of a target that ended, with its last words. */
export function endedMessage({ message, console }: SessionEnded): string {
  return `${message.replace(/\.$/, '')}.${console === '' ? '' : `\nIts last lines:\n${console}`}`;
}

/** The disagreement of a judged program, also when it ended its target, where that is the system under test. */
export function disagreementOf(judged: Judged | undefined, program: Program): Disagreement | undefined {
  if (judged?.kind === 'fail') return judged.disagreement;
  if (judged?.kind === 'ended' && judged.error.isOfSystem && judged.error.reason !== 'closed')
    return endedDisagreement(judged, program.ops.length);
  return undefined;
}

/**
 * Makes a failing program as short and plain as the budget allows, keeping its signature. Candidates run in batches on
 * one target, and the first that fails in the same way is the next best. A fresh target is slow to come by, so only the
 * end of all that is tried on one: if it does not fail there, what other candidates left behind has led astray, and the
 * shrinking goes back to its start, now with a fresh target for every step. It does so from the beginning where the
 * failure is one that spoils targets.
 */
export async function shrink(
  lane: Lane,
  property: Property,
  start: { program: Program; disagreement: Disagreement },
  budgetMs: number,
  signal?: AbortSignal,
): Promise<Shrunk> {
  const begun = performance.now();
  const wanted = signature(start.disagreement);
  const { level } = start.disagreement;
  let isCareful = level === 'reports' || level === 'memory';
  let candidates = 0;
  const outOfTime = (): boolean => performance.now() - begun > budgetMs || signal?.aborted === true;
  const done = ({ program, disagreement }: Failing): Shrunk => {
    return { program: renumbered(program), disagreement, candidates, durationMs: performance.now() - begun };
  };

  const proven =
    (await onFreshTarget(lane, property, truncated(start.program, start.disagreement), wanted)) ??
    (await onFreshTarget(lane, property, start.program, wanted));
  // It failed because of what earlier programs left behind, or by chance: there is nothing to hold candidates against.
  if (proven === undefined) return done(start);
  let best = proven;

  const firstFailing = async (programs: readonly Program[]): Promise<boolean> => {
    // What comes behind one that fails is run in vain; that costs much where it ends the target or is repeated often.
    const size = isCareful ? 1 : BATCH;
    for (let at = 0; at < programs.length && !outOfTime(); at += size) {
      const batch = programs.slice(at, at + size);
      const judged = await lane.judge(property, batch);
      candidates += batch.length;
      for (const [index, program] of batch.entries()) {
        const disagreement = disagreementOf(judged[index], program);
        if (disagreement === undefined || signature(disagreement) !== wanted) continue;
        const failing = isCareful
          ? await onFreshTarget(lane, property, program, wanted)
          : { program: truncated(program, disagreement), disagreement };
        if (failing === undefined) continue;
        best = failing;
        return true;
      }
    }
    return false;
  };
  const toTheEnd = async (): Promise<void> => {
    while (!outOfTime() && (await firstFailing(removals(best.program)))) {
      // Each round takes the largest cut that still fails.
    }
    while (
      !outOfTime() &&
      ((await firstFailing(simplifications(best.program))) || (await firstFailing(removals(best.program))))
    ) {
      // A plainer operation may make another one superfluous.
    }
  };

  await toTheEnd();
  if (isCareful) return done(best);
  const confirmed = await onFreshTarget(lane, property, best.program, wanted);
  if (confirmed !== undefined) return done(confirmed);
  isCareful = true;
  best = proven;
  await toTheEnd();
  return done(best);
}

interface Failing {
  readonly program: Program;
  readonly disagreement: Disagreement;
}

/** What follows the disagreement cannot matter. */
function truncated(program: Program, disagreement: Disagreement): Program {
  return { ...program, ops: program.ops.slice(0, disagreement.step + 1) };
}

/** The program, without what follows its failure, if it fails with this signature on a fresh target. */
async function onFreshTarget(
  lane: Lane,
  property: Property,
  program: Program,
  wanted: string,
): Promise<Failing | undefined> {
  lane.reset();
  const [judged] = await lane.judge(property, [program]);
  const disagreement = disagreementOf(judged, program);
  if (disagreement === undefined || signature(disagreement) !== wanted) return undefined;
  return { program: truncated(program, disagreement), disagreement };
}

/** Runs a program several times, each on a fresh target, and says how often it failed with this signature. */
export async function repeats(
  lane: Lane,
  property: Property,
  program: Program,
  wanted: string,
  times: number,
): Promise<number> {
  let failures = 0;
  for (let time = 0; time < times; time++) {
    if ((await onFreshTarget(lane, property, program, wanted)) !== undefined) failures++;
  }
  return failures;
}
