import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, test, type TestContext } from 'vitest';
import { runCampaign } from '../properties/engine/campaign.ts';
import { PROPERTY_NAMES, type PropertyName } from '../properties/engine/campaign-types.ts';
import { judgeReplay } from '../properties/engine/judge-replay.ts';
import { decodeToken, encodeToken, type Replay } from '../properties/engine/token.ts';
import { escapeControls } from '../reports/escape.ts';
import type { Contract } from '../spec/contract.ts';
import { ConformanceError } from '../spec/errors.ts';
import type { JournalEntry } from '../spec/journal.ts';
import { describeOperation } from '../spec/program.ts';
import type { Target } from '../spec/ports/target.ts';
import { NonconformanceError } from './failure.ts';

/** Programs for each generated property, unless `numRuns` says otherwise. */
const DEFAULT_RUNS = 200;
const DEFAULT_TIMEOUT_MS = 120_000;
/** Of the time of a test, what shrinking one counterexample may take: there may be three. */
const SHRINK_SHARE = 0.2;
const SEEDS = 2 ** 31;

/** How an implementation is checked. */
export interface RunSettings {
  /** Which properties; all of them if absent. One that the implementation does not offer enough for is skipped. */
  readonly properties?: readonly PropertyName[];
  /** The seed of all programs; else the global `seed` of fast-check, else a random one. A failure tells it. */
  readonly seed?: number;
  /** Programs for each generated property; else the global `numRuns` of fast-check, else 200. */
  readonly numRuns?: number;
  /** Milliseconds that each test may take; 120,000 if absent. */
  readonly timeout?: number;
  /** The token of a failure: only its program is run, as one test. */
  readonly replay?: string;
}

/** What is registered. */
export interface Registration extends RunSettings {
  readonly target: Target;
  readonly contract: Contract;
  /** Lines of a stack that say where the user's file registers the properties. */
  readonly site: string;
}

/**
 * Registers a test for each property, or one for the program to replay.
 *
 * @throws ConformanceError of kind `usage` for a token that is damaged or of another contract
 */
export function registerProperties(registration: Registration): void {
  const { target, contract, replay, properties = PROPERTY_NAMES, timeout = DEFAULT_TIMEOUT_MS } = registration;
  const replayed = replay === undefined ? undefined : tokenFor(contract, replay);
  describe(`${target.name} conforms to ${contract.name}`, { timeout }, () => {
    if (replayed !== undefined) {
      test(`${replayed.property}, replayed`, async (context) => checkReplay(registration, replayed, context));
      return;
    }
    for (const property of properties) {
      test(property, async (context) => checkProperty(registration, property, context));
    }
  });
}

function tokenFor(contract: Contract, token: string): Replay {
  const replay = decodeToken(token);
  if (replay.contract === contract.name) return replay;
  const message = `The token to replay is of the contract ${replay.contract}, not of ${contract.name}.`;
  throw new ConformanceError('usage', 'other-contract', message);
}

async function checkProperty(registration: Registration, property: PropertyName, context: TestContext): Promise<void> {
  const { target, contract, site, timeout = DEFAULT_TIMEOUT_MS } = registration;
  const { signal } = context;
  // Read now and not when the test was registered, so that the order of setup files does not matter.
  const global = fc.readConfigureGlobal();
  const seed = (registration.seed ?? global.seed ?? randomInt(SEEDS)) >>> 0;
  const entries: JournalEntry[] = [];
  const ready = await target.prepare({ onProgress: () => undefined, signal });
  await runCampaign({
    target: ready,
    contract,
    properties: [property],
    seed,
    programs: registration.numRuns ?? global.numRuns ?? DEFAULT_RUNS,
    shrinkMs: timeout * SHRINK_SHARE,
    signal,
    write: (entry) => entries.push(entry),
    onProgress: () => undefined,
  });
  const failures = entries
    .filter((entry) => entry.type === 'counterexample')
    .map((entry) => new NonconformanceError(entry, `seed: ${String(seed)}`, site));
  const [first] = failures;
  // Vitest shows the errors of an AggregateError one by one.
  if (first !== undefined) throw failures.length === 1 ? first : new AggregateError(failures);
  const result = entries.find((entry) => entry.type === 'result');
  const trouble = entries.find((entry) => entry.type === 'trouble');
  const message = result?.message ?? trouble?.message;
  if (result?.verdict === 'skipped') return context.skip(escapeControls(message ?? 'there was no program to run'));
  if (result?.verdict === 'pass') return;
  throw brokenAdapter(message ?? `the verdict is ${result?.verdict ?? 'incomplete'}`, site);
}

async function checkReplay(registration: Registration, replay: Replay, context: TestContext): Promise<void> {
  const { target, contract, site } = registration;
  const { signal } = context;
  const ready = await target.prepare({ onProgress: () => undefined, signal });
  const judged = await judgeReplay(ready, contract, replay, { signal });
  switch (judged.kind) {
    case 'pass':
      return;
    case 'skipped':
      return context.skip(escapeControls(judged.message));
    case 'errored':
      throw brokenAdapter(judged.message, site);
    case 'fail': {
      const { disagreement } = judged;
      const text = replay.program.ops.map(describeOperation);
      throw new NonconformanceError({ disagreement, text, token: encodeToken(replay) }, undefined, site);
    }
  }
}

/** Not an assertion: nothing was learnt of the implementation. */
function brokenAdapter(message: string, site: string): ConformanceError {
  const error = new ConformanceError('target', 'adapter', escapeControls(message));
  error.stack = `${error.name}: ${error.message}\n${site}`;
  return error;
}
