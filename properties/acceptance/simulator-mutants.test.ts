import { describe, expect, it } from 'vitest';
import { MUTANT_NAMES, type MutantName } from '../../adapters/simulator/mutants.ts';
import { inProcessSimulator } from '../../adapters/simulator/in-process.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { DEFAULT_SERIES, MEASURED_SERIES } from '../../spec/kernel.ts';
import type { CounterexampleEntry } from '../../spec/journal.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { clauseOfToken, tryCampaign } from '../../tools/testing/try-campaign.ts';
import { SIMULATOR_MUTANTS, type SimulatorMutant } from './simulator-mutants.ts';

/** What the shortest counterexample may have, in operations. */
const SHORTEST = 5;

/** As many as `run` checks by default. */
const PROGRAMS = 1000;

/** When nothing but the page is asked for, all of them are looked for first. */
const PAGE_TIMEOUT_MS = 900_000;

const MUTANTS = SIMULATOR_MUTANTS.flatMap(([, mutants]) => Object.entries(mutants) as [MutantName, SimulatorMutant][]);

/** What was found of each, or is being looked for: the page shows it, whichever test has asked first. */
const hunts = new Map<MutantName, ReturnType<typeof hunt>>();

function hunted(mutant: MutantName, wrong: SimulatorMutant): ReturnType<typeof hunt> {
  const begun = hunts.get(mutant) ?? hunt(mutant, wrong);
  hunts.set(mutant, begun);
  return begun;
}

/** Runs until a counterexample has come that names the mutant as it should, and yields all that came. */
async function hunt(mutant: MutantName, { contract = 'lkmc_mmap', property = 'lockstep', clause }: SimulatorMutant) {
  const target = inProcessSimulator({ mutant });
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

describe('a mutant of the simulator is caught, by the clause that it breaks and with a short program', () => {
  it.each(MUTANTS)('%s', async (mutant, wrong) => {
    const { named, counterexamples, target } = await hunted(mutant, wrong);
    const reports = counterexamples.map(({ disagreement, text }) => `${disagreement.clause}: ${text.join('; ')}`);
    expect(named, reports.join('\n')).toBeDefined();
    expect(await clauseOfToken(target, named?.token ?? '')).toBe(named?.disagreement.clause);
  });

  it('all are on the list', () => {
    expect(MUTANTS.map(([mutant]) => mutant).sort()).toEqual([...MUTANT_NAMES].sort());
    expect(MUTANT_NAMES.length).toBeGreaterThanOrEqual(30);
  });

  it('one that loses a page with each open is found by counting, too', async () => {
    const target = inProcessSimulator({ mutant: 'release-frees-nothing' });
    const { counterexamples } = await tryCampaign(target, 'lkmc_mmap', ['leak'], 3);
    expect(counterexamples[0]?.disagreement.clause).toBe('HEALTH-02');
  });

  it('one that leaves its process broken is found as well', async () => {
    const { counterexamples } = await tryCampaign(
      resolveTarget('mutant:range-off-by-one'),
      'pages_mmap',
      ['lockstep'],
      50,
    );
    expect(counterexamples[0]?.disagreement.clause).toBe('MAP-18');
  });
});

/** It is written again by `npx vitest run --project fast properties/acceptance/simulator-mutants.test.ts --update`. */
it('the page in docs says what was found', { timeout: PAGE_TIMEOUT_MS }, async () => {
  const found = new Map<MutantName, CounterexampleEntry>();
  for (const [mutant, wrong] of MUTANTS) {
    const { named } = await hunted(mutant, wrong);
    if (named !== undefined) found.set(mutant, named);
  }
  expect(MUTANTS.filter(([mutant]) => !found.has(mutant)).map(([mutant]) => mutant)).toEqual([]);
  await expect(page(found)).toMatchFileSnapshot('../../docs/simulator-mutants.md');
});

function page(found: ReadonlyMap<MutantName, CounterexampleEntry>): string {
  const sections = SIMULATOR_MUTANTS.flatMap(([family, mutants]) => [
    '',
    `## ${family}`,
    '',
    '| `mutant:` | what is wrong | breaks | a shortest program |',
    '| --- | --- | --- | --- |',
    ...(Object.entries(mutants) as [MutantName, SimulatorMutant][]).map(([mutant, wrong]) =>
      row(mutant, wrong, found.get(mutant)),
    ),
  ]);
  return `${INTRODUCTION}\n${sections.join('\n')}\n`;
}

function row(mutant: MutantName, { text, contract }: SimulatorMutant, entry: CounterexampleEntry | undefined): string {
  const limits = Object.entries(entry?.program.setting ?? {}).map(([name, value]) => `limit ${name}: ${String(value)}`);
  const lines = [...(contract === undefined ? [] : [`on ${contract}`]), ...limits, ...(entry?.text ?? [])];
  const program = lines.map((line) => `\`${line}\``).join('<br>');
  return `| \`${mutant}\` | ${text} | ${entry?.disagreement.clause ?? ''} | ${program} |`;
}

const INTRODUCTION = `# Mutants of the simulator

Each is the simulator with one planted bug, and is a target: \`run --target mutant:NAME\`. The suite has to find every one of them
within the programs of a default run, name a clause that says what is wrong, and show it with a program of ${String(SHORTEST)} operations at
most. What stands here is what it found; a test writes this page and fails when it differs. Clauses are explained in
[SPEC.md](../spec/SPEC.md). Programs are for \`lkmc_mmap\` unless another device is named.`;

const OTHERS = MEASURED_SERIES.filter((series) => series !== DEFAULT_SERIES).map((series) => `sim:${series}`);
const RIGHT = ['sim', ...OTHERS].flatMap((target) =>
  ['lkmc_mmap', 'pages_mmap'].map((contract) => [target, contract] as const),
);

it.each(RIGHT)('the right simulator passes: %s, %s', async (target, contract) => {
  const properties: PropertyName[] = ['corpus', 'lockstep', 'failures', 'leak'];
  const { results, counterexamples } = await tryCampaign(resolveTarget(target), contract, properties, 200);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ property, verdict }) => [property, verdict])).toEqual(properties.map((name) => [name, 'pass']));
});
