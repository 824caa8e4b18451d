import type { CounterexampleEntry, DriverEntry, JournalEntry, ResultEntry } from '../../spec/journal.ts';
import { loadContract } from '../../spec/io/load.ts';
import type { ReadyTarget, Target } from '../../spec/ports/target.ts';
import { runCampaign } from '../../properties/engine/campaign.ts';
import type { Campaign, PropertyName } from '../../properties/engine/campaign-types.ts';
import { judgeReplay } from '../../properties/engine/judge-replay.ts';
import { prepared } from './prepared.ts';
import { decodeToken } from '../../properties/engine/token.ts';

/** A budget that no shrinking in a test should need. */
const SHRINK_MS = 120_000;

/** Fixed, so that a test that fails today fails tomorrow. */
const SEED = 1;

export interface Tried {
  readonly results: readonly ResultEntry[];
  readonly counterexamples: readonly CounterexampleEntry[];
  readonly entries: readonly JournalEntry[];
  readonly drivers: readonly DriverEntry[];
  /** The messages of what could not be judged. */
  readonly troubles: readonly string[];
}

/** Runs a campaign for a test, with a fixed seed. */
export async function tryCampaign(
  target: Target | ReadyTarget,
  contract: string,
  properties: readonly PropertyName[],
  programs: number,
  {
    onEntry,
    ...options
  }: Partial<Pick<Campaign, 'jobs' | 'shrinkMs' | 'signal' | 'onProgress'>> & {
    /** Told of each entry as it comes. */
    readonly onEntry?: (entry: JournalEntry) => void;
  } = {},
): Promise<Tried> {
  const entries: JournalEntry[] = [];
  await runCampaign({
    target: await prepared(target),
    contract: loadContract(contract),
    properties,
    seed: SEED,
    programs,
    shrinkMs: SHRINK_MS,
    signal: new AbortController().signal,
    write: (entry) => {
      entries.push(entry);
      onEntry?.(entry);
    },
    onProgress: () => undefined,
    ...options,
  });
  return {
    entries,
    results: entries.filter((entry) => entry.type === 'result'),
    counterexamples: entries.filter((entry) => entry.type === 'counterexample'),
    drivers: entries.filter((entry) => entry.type === 'driver'),
    troubles: entries.flatMap((entry) => (entry.type === 'trouble' ? [entry.message] : [])),
  };
}

/** The clause that a counterexample breaks when its token is all that is left of it. */
export async function clauseOfToken(target: Target | ReadyTarget, token: string): Promise<string | undefined> {
  const judged = await judgeReplay(
    await prepared(target),
    loadContract(decodeToken(token).contract),
    decodeToken(token),
  );
  return judged.kind === 'fail' ? judged.disagreement.clause : undefined;
}
