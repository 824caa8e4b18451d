import { describe, expect, it } from 'vitest';
import { FAULT_NAMES, type FaultName } from '../../adapters/simulator/mutants.ts';
import { inProcessSimulator } from '../../adapters/simulator/in-process.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import type { CounterexampleEntry } from '../../spec/journal.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { clauseOfToken, tryCampaign } from '../../tools/testing/try-campaign.ts';
import { WRONG_SIMULATORS, type WrongSimulator } from './simulator-mutants.ts';

/** What the shortest counterexample may have, in operations. */
const SHORTEST = 5;

/** As many as `run` checks by default. */
const PROGRAMS = 1000;

/** When nothing but the page is asked for, all of them are looked for first. */
const PAGE_TIMEOUT_MS = 900_000;

const FAULTS = WRONG_SIMULATORS.flatMap(([, faults]) => Object.entries(faults) as [FaultName, WrongSimulator][]);

/** What was found of each, or is being looked for: the page shows it, whichever test has asked first. */
const hunts = new Map<FaultName, ReturnType<typeof hunt>>();

function hunted(fault: FaultName, wrong: WrongSimulator): ReturnType<typeof hunt> {
  const begun = hunts.get(fault) ?? hunt(fault, wrong);
  hunts.set(fault, begun);
  return begun;
}

/** Runs until a counterexample has come that names the fault as it should, and yields all that came. */
async function hunt(fault: FaultName, { contract = 'lkmc_mmap', property = 'lockstep', clause }: WrongSimulator) {
  const target = inProcessSimulator({ fault });
  const controller = new AbortController();
  let named: CounterexampleEntry | undefined;
  const { counterexamples } = await tryCampaign(target, contract, [property], PROGRAMS, {
    signal: controller.signal,
    onEntry: (entry) => {
      if (entry.type !== 'counterexample' || entry.verdict !== 'fail' || named !== undefined) return;
      if (entry.program.ops.length > SHORTEST || entry.disagreement.clause !== clause) return;
      named = entry;
      controller.abort();
    },
  });
  return { named, counterexamples, target };
}

describe('a wrong simulator is caught, by the clause that it breaks and with a short program', () => {
  it.each(FAULTS)('%s', async (fault, wrong) => {
    const { named, counterexamples, target } = await hunted(fault, wrong);
    const reports = counterexamples.map(({ disagreement, text }) => `${disagreement.clause}: ${text.join('; ')}`);
    expect(named, reports.join('\n')).toBeDefined();
    expect(await clauseOfToken(target, named?.token ?? '')).toBe(named?.disagreement.clause);
  });

  it('all are on the list', () => {
    expect(FAULTS.map(([fault]) => fault).sort()).toEqual([...FAULT_NAMES].sort());
    expect(FAULT_NAMES.length).toBeGreaterThanOrEqual(30);
  });

  it('one that loses a page with each open is found by counting, too', async () => {
    const target = inProcessSimulator({ fault: 'release-frees-nothing' });
    const { counterexamples } = await tryCampaign(target, 'lkmc_mmap', ['leak'], 3);
    expect(counterexamples[0]?.disagreement.clause).toBe('HEALTH-02');
  });

  it('one that leaves its process broken is found as well', async () => {
    const { counterexamples } = await tryCampaign(
      resolveTarget('faulty:range-off-by-one'),
      'pages_mmap',
      ['lockstep'],
      50,
    );
    expect(counterexamples[0]?.disagreement.clause).toBe('MAP-18');
  });
});

/** It is written again by `npx vitest run --project fast properties/acceptance/simulator-mutants.test.ts --update`. */
it('the page in docs says what was found', { timeout: PAGE_TIMEOUT_MS }, async () => {
  const found = new Map<FaultName, CounterexampleEntry>();
  for (const [fault, wrong] of FAULTS) {
    const { named } = await hunted(fault, wrong);
    if (named !== undefined) found.set(fault, named);
  }
  expect(FAULTS.filter(([fault]) => !found.has(fault)).map(([fault]) => fault)).toEqual([]);
  await expect(page(found)).toMatchFileSnapshot('../../docs/wrong-simulators.md');
});

function page(found: ReadonlyMap<FaultName, CounterexampleEntry>): string {
  const sections = WRONG_SIMULATORS.flatMap(([family, faults]) => [
    '',
    `## ${family}`,
    '',
    '| `faulty:` | what is wrong | breaks | a shortest program |',
    '| --- | --- | --- | --- |',
    ...(Object.entries(faults) as [FaultName, WrongSimulator][]).map(([fault, wrong]) =>
      row(fault, wrong, found.get(fault)),
    ),
  ]);
  return `${INTRODUCTION}\n${sections.join('\n')}\n`;
}

function row(fault: FaultName, { text, contract }: WrongSimulator, entry: CounterexampleEntry | undefined): string {
  const limits = Object.entries(entry?.program.setting ?? {}).map(([name, value]) => `limit ${name}: ${String(value)}`);
  const lines = [...(contract === undefined ? [] : [`on ${contract}`]), ...limits, ...(entry?.text ?? [])];
  const program = lines.map((line) => `\`${line}\``).join('<br>');
  return `| \`${fault}\` | ${text} | ${entry?.disagreement.clause ?? ''} | ${program} |`;
}

const INTRODUCTION = `# Wrong simulators

Each is the simulator with one fault, and is a target: \`run --target faulty:NAME\`. The suite has to find every one of them
within the programs of a default run, name a clause that says what is wrong, and show it with a program of ${String(SHORTEST)} operations at
most. What stands here is what it found; a test writes this page and fails when it differs. Clauses are explained in
[SPEC.md](../spec/SPEC.md). Programs are for \`lkmc_mmap\` unless another device is named.`;

const RIGHT = ['sim', 'sim:5.10', 'sim:6.1', 'sim:7.3'].flatMap((target) =>
  ['lkmc_mmap', 'pages_mmap'].map((contract) => [target, contract] as const),
);

it.each(RIGHT)('the right simulator passes: %s, %s', async (target, contract) => {
  const properties: PropertyName[] = ['corpus', 'lockstep', 'failures', 'leak'];
  const { results, counterexamples } = await tryCampaign(resolveTarget(target), contract, properties, 200);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ property, verdict }) => [property, verdict])).toEqual(properties.map((name) => [name, 'pass']));
});
