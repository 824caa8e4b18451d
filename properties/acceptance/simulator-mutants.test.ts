import { describe, expect, it } from 'vitest';
import { MUTANT_NAMES, type MutantName } from '../../adapters/simulator/mutants.ts';
import { inProcessSimulator } from '../../adapters/simulator/in-process.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { CLAUSES } from '../../spec/clauses.ts';
import { DEFAULT_SERIES, MEASURED_SERIES } from '../../spec/kernel.ts';
import type { CounterexampleEntry } from '../../spec/journal.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { clauseOfToken, tryCampaign } from '../../tools/testing/try-campaign.ts';
import { SIMULATOR_MUTANTS, type SimulatorMutant } from './simulator-mutants.ts';

/** What the shortest counterexample may have, in operations. */
const SHORTEST = 5;

/** As many as `run` checks by default. */
const PROGRAMS = 1000;

const MUTANTS = SIMULATOR_MUTANTS.flatMap(([, mutants]) => Object.entries(mutants) as [MutantName, SimulatorMutant][]);

const found = new Map<MutantName, CounterexampleEntry>();

/** Runs until a counterexample has come that names the mutant as it should, and yields all that came. */
async function hunt(mutant: MutantName, { contract = 'lkmc_mmap', property = 'lockstep', clauses }: SimulatorMutant) {
  const target = inProcessSimulator({ mutant });
  const controller = new AbortController();
  let named: CounterexampleEntry | undefined;
  const { counterexamples } = await tryCampaign(target, contract, [property], PROGRAMS, {
    signal: controller.signal,
    onEntry: (entry) => {
      if (entry.type !== 'counterexample' || entry.verdict !== 'fail' || named !== undefined) return;
      if (entry.program.ops.length > SHORTEST || !clauses.includes(entry.disagreement.clause)) return;
      named = entry;
      controller.abort();
    },
  });
  return { named, counterexamples, target };
}

describe('a mutant of the simulator is caught, by the clause that it breaks and with a short program', () => {
  it.each(MUTANTS)('%s', async (mutant, wrong) => {
    const { named, counterexamples, target } = await hunt(mutant, wrong);
    const reports = counterexamples.map(({ disagreement, text }) => `${disagreement.clause}: ${text.join('; ')}`);
    expect(named, reports.join('\n')).toBeDefined();
    expect(await clauseOfToken(target, named?.token ?? '')).toBe(named?.disagreement.clause);
    if (named !== undefined) found.set(mutant, named);
  });

  it('all are on the list', () => {
    expect(MUTANTS.map(([mutant]) => mutant).sort()).toEqual([...MUTANT_NAMES].sort());
    expect(MUTANT_NAMES.length).toBeGreaterThanOrEqual(30);
    for (const [, { clauses }] of MUTANTS) for (const clause of clauses) expect(CLAUSES.has(clause), clause).toBe(true);
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
it('the page in docs says what was found', async ({ skip }) => {
  skip(found.size < MUTANTS.length, 'not all were looked for, or found');
  await expect(page()).toMatchFileSnapshot('../../docs/simulator-mutants.md');
});

function page(): string {
  const sections = SIMULATOR_MUTANTS.flatMap(([family, mutants]) => [
    '',
    `## ${family}`,
    '',
    '| `mutant:` | what is wrong | breaks | a shortest program |',
    '| --- | --- | --- | --- |',
    ...(Object.entries(mutants) as [MutantName, SimulatorMutant][]).map(([name, wrong]) => row(name, wrong)),
  ]);
  return `${INTRODUCTION}\n${sections.join('\n')}\n`;
}

function row(mutant: MutantName, { text, contract }: SimulatorMutant): string {
  const entry = found.get(mutant);
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
