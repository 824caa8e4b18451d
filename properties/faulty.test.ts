import { describe, expect, it } from 'vitest';
import { resolveTarget } from '../adapters/targets.ts';
import type { PropertyName } from './campaign-types.ts';
import { clauseOfToken, tryCampaign } from './try-campaign.ts';

/** What the shortest counterexample may have, in operations. */
const SHORTEST = 5;

interface Fault {
  readonly fault: string;
  readonly contract?: string;
  readonly property?: PropertyName;
  /** Few: each failure costs some fresh simulators. */
  readonly programs: number;
  /** Clauses that say what the simulator gets wrong. */
  readonly clauses: readonly string[];
}

const FAULTS: readonly Fault[] = [
  { fault: 'fault-hands-out-fresh-page', programs: 4, clauses: ['ALIAS-01', 'FAULT-05', 'FRAME-01'] },
  { fault: 'read-ignores-position', programs: 60, clauses: ['READ-01', 'READ-02'] },
  { fault: 'write-honours-position', programs: 30, clauses: ['WRITE-02', 'VEC-02', 'VEC-13'] },
  { fault: 'open-shares-one-page', programs: 80, clauses: ['BUF-01', 'VEC-01', 'READ-01', 'ALIAS-01'] },
  { fault: 'range-off-by-one', programs: 50, contract: 'pages_mmap', clauses: ['MAP-18'] },
  {
    fault: 'missing-get-page',
    programs: 3,
    clauses: ['HEALTH-01', 'BUF-01', 'READ-01', 'ALIAS-01', 'FAULT-05', 'COW-05'],
  },
  { fault: 'vm-close-not-called', programs: 3, clauses: ['UNMAP-07', 'EXIT-02'] },
  { fault: 'release-frees-nothing', programs: 3, property: 'leak', clauses: ['HEALTH-02'] },
  { fault: 'release-frees-nothing', programs: 3, clauses: ['HEALTH-03'] },
  { fault: 'failed-open-keeps-page', programs: 200, property: 'failures', clauses: ['HEALTH-03'] },
  {
    fault: 'failed-read-moves-position',
    programs: 1000,
    property: 'failures',
    clauses: ['READ-01', 'READ-02', 'VEC-01', 'READ-07'],
  },
];

/** Milliseconds. They share the machine's cores, so each of them may take as long as all. */
const TIMEOUT_MS = 180_000;

describe.concurrent('a wrong simulator is caught', { timeout: TIMEOUT_MS }, () => {
  const named = FAULTS.map((one) => ({ ...one, property: one.property ?? ('lockstep' as const) }));
  it.each(named)('$fault, by $property', async ({ fault, contract = 'lkmc_mmap', property, programs, clauses }) => {
    const target = resolveTarget(`faulty:${fault}`);
    const { counterexamples } = await tryCampaign(target, contract, [property], programs);
    const named = counterexamples.find(({ program, disagreement, verdict }) => {
      return verdict === 'fail' && program.ops.length <= SHORTEST && clauses.includes(disagreement.clause);
    });
    const reports = counterexamples.map(({ disagreement, text }) => `${disagreement.clause}: ${text.join('; ')}`);
    expect(named, reports.join('\n')).toBeDefined();
    expect(await clauseOfToken(target, named?.token ?? '')).toBe(named?.disagreement.clause);
  });
});

const RIGHT = ['sim', 'sim:5.10', 'sim:6.1', 'sim:7.3'].flatMap((target) =>
  ['lkmc_mmap', 'pages_mmap'].map((contract) => [target, contract] as const),
);

it.each(RIGHT)('the right simulator passes: %s, %s', async (target, contract) => {
  const properties: PropertyName[] = ['corpus', 'lockstep', 'failures', 'leak'];
  const { results, counterexamples } = await tryCampaign(resolveTarget(target), contract, properties, 200);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ property, verdict }) => [property, verdict])).toEqual(properties.map((name) => [name, 'pass']));
});
