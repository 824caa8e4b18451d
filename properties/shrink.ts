import type { Disagreement } from '../spec/journal.ts';
import type { Program } from '../spec/program.ts';
import type { Judged, Lane } from './lane.ts';
import type { Property } from './property.ts';
import { removals, renumbered, simplifications } from './simplify.ts';

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

/** Two failures are the same if they break the same clause on the same level. */
export function signature({ clause, level }: Disagreement): string {
  return `${level} ${clause}`;
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

/** The disagreement of a judged program, also when it ended its target. */
export function disagreementOf(judged: Judged | undefined, program: Program): Disagreement | undefined {
  if (judged?.kind === 'fail') return judged.disagreement;
  if (judged?.kind === 'ended' && judged.error.reason !== 'closed')
    return endedDisagreement(judged, program.ops.length);
  return undefined;
}

/**
 * Makes a failing program as short and plain as the budget allows, keeping its signature. Candidates run in
 * batches on the same target. A candidate is taken only after it has failed in the same way on a fresh target, so that
 * nothing that other candidates left behind can lead astray.
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
  let best = truncated(start.program, start.disagreement);
  let { disagreement } = start;
  let candidates = 0;
  const outOfTime = (): boolean => performance.now() - begun > budgetMs || signal?.aborted === true;

  const firstFailing = async (programs: readonly Program[]): Promise<boolean> => {
    for (let at = 0; at < programs.length && !outOfTime(); at += BATCH) {
      const batch = programs.slice(at, at + BATCH);
      const judged = await lane.judge(property, batch);
      candidates += batch.length;
      for (const [index, program] of batch.entries()) {
        if (outOfTime()) return false;
        const failure = disagreementOf(judged[index], program);
        if (failure === undefined || signature(failure) !== wanted) continue;
        const confirmed = await onFreshTarget(lane, property, program);
        if (confirmed === undefined || signature(confirmed) !== wanted) continue;
        best = truncated(program, confirmed);
        disagreement = confirmed;
        return true;
      }
    }
    return false;
  };

  const unshortened = await onFreshTarget(lane, property, best);
  if (unshortened === undefined || signature(unshortened) !== wanted) best = start.program;
  while (!outOfTime() && (await firstFailing(removals(best)))) {
    // Each round takes the largest cut that still fails.
  }
  while (!outOfTime() && ((await firstFailing(simplifications(best))) || (await firstFailing(removals(best))))) {
    // A plainer operation may make another one superfluous.
  }
  const program = renumbered(best);
  return { program, disagreement, candidates, durationMs: performance.now() - begun };
}

/** What follows the disagreement cannot matter. */
function truncated(program: Program, disagreement: Disagreement): Program {
  return { ...program, ops: program.ops.slice(0, disagreement.step + 1) };
}

async function onFreshTarget(lane: Lane, property: Property, program: Program): Promise<Disagreement | undefined> {
  lane.reset();
  const [judged] = await lane.judge(property, [program]);
  return disagreementOf(judged, program);
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
    const disagreement = await onFreshTarget(lane, property, program);
    if (disagreement !== undefined && signature(disagreement) === wanted) failures++;
  }
  return failures;
}
