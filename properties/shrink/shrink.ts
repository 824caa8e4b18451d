import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import { removals } from './removals.ts';
import { signature } from './signature.ts';
import { renumbered, simplifications } from './simplify.ts';

/** Candidates that are sent in one batch. */
const BATCH = 32;

/** Where candidates are tried. */
export interface Trial {
  /** What each of the programs fails with; undefined for one that does not fail. */
  readonly run: (programs: readonly Program[]) => Promise<readonly (Disagreement | undefined)[]>;
  /** The programs after this call run on a fresh target. */
  readonly reset: () => void;
}

export interface Shrunk {
  readonly program: Program;
  readonly disagreement: Disagreement;
  /** Candidates that were run. */
  readonly candidates: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/**
 * Makes a failing program as short and plain as the budget allows, keeping its signature. Candidates run in batches on
 * one target, and the first that fails in the same way is the next best. A fresh target is slow to come by, so only the
 * end of all that is tried on one: if it does not fail there, what other candidates left behind has led astray, and the
 * shrinking goes back to its start, now with a fresh target for every step. It does so from the beginning where the
 * failure is one that spoils targets.
 */
export async function shrink(
  trial: Trial,
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
    (await onFreshTarget(trial, truncated(start.program, start.disagreement), wanted)) ??
    (await onFreshTarget(trial, start.program, wanted));
  // It failed because of what earlier programs left behind, or by chance: there is nothing to hold candidates against.
  if (proven === undefined) return done(start);
  let best = proven;

  const firstFailing = async (programs: readonly Program[]): Promise<boolean> => {
    // What comes behind one that fails is run in vain; that costs much where it ends the target or is repeated often.
    const size = isCareful ? 1 : BATCH;
    for (let at = 0; at < programs.length && !outOfTime(); at += size) {
      const batch = programs.slice(at, at + size);
      const found = await trial.run(batch);
      candidates += batch.length;
      for (const [index, program] of batch.entries()) {
        const disagreement = found[index];
        if (disagreement === undefined || signature(disagreement) !== wanted) continue;
        const failing = isCareful
          ? await onFreshTarget(trial, program, wanted)
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
  const confirmed = await onFreshTarget(trial, best.program, wanted);
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
async function onFreshTarget(trial: Trial, program: Program, wanted: string): Promise<Failing | undefined> {
  trial.reset();
  const [disagreement] = await trial.run([program]);
  if (disagreement === undefined || signature(disagreement) !== wanted) return undefined;
  return { program: truncated(program, disagreement), disagreement };
}

/** Runs a program several times, each on a fresh target, and says how often it failed with this signature. */
export async function repeats(trial: Trial, program: Program, wanted: string, times: number): Promise<number> {
  let failures = 0;
  for (let time = 0; time < times; time++) {
    if ((await onFreshTarget(trial, program, wanted)) !== undefined) failures++;
  }
  return failures;
}
