import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import { loadContract } from '../../spec/io/load.ts';
import type { Target } from '../../spec/ports/target.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { replayProgram } from '../engine/replay.ts';
import { decodeToken } from '../engine/token.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { clauseOfToken, tryCampaign } from '../../tools/testing/try-campaign.ts';

const KERNEL = 'kernel:6.12';

/** What the shortest counterexample may have, and what every one may have, in operations. */
const SHORTEST = 5;
const LONGEST = 6;

interface Mutant {
  readonly name: string;
  readonly property: PropertyName;
  readonly programs: number;
  /** Clauses that say what the mutation breaks. */
  readonly clauses: readonly string[];
}

/** Wrong modules (`kmod/mutants/`), one mistake each, and a property that has to find it. */
const MUTANTS: readonly Mutant[] = [
  {
    name: 'lkmc-fault-fresh-page',
    property: 'lockstep',
    programs: 60,
    clauses: ['ALIAS-01', 'FAULT-05', 'FRAME-01'],
  },
  { name: 'lkmc-read-ignores-position', property: 'lockstep', programs: 60, clauses: ['READ-01', 'READ-02'] },
  {
    name: 'lkmc-write-honours-position',
    property: 'lockstep',
    programs: 60,
    clauses: ['WRITE-02', 'VEC-02', 'VEC-13'],
  },
  {
    // The bytes of another open show through read and through a mapping.
    name: 'lkmc-open-shares-one-page',
    property: 'lockstep',
    programs: 100,
    clauses: ['BUF-01', 'VEC-01', 'READ-01', 'ALIAS-01'],
  },
  { name: 'pages-range-off-by-one', property: 'lockstep', programs: 60, clauses: ['MAP-18'] },
  {
    // The kernel complains or crashes, or a page that is still used was wiped.
    name: 'lkmc-missing-get-page',
    property: 'lockstep',
    programs: 24,
    clauses: ['HEALTH-01', 'BUF-01', 'READ-01', 'ALIAS-01', 'FAULT-05', 'COW-05'],
  },
  { name: 'lkmc-vm-close-not-called', property: 'lockstep', programs: 24, clauses: ['UNMAP-07', 'EXIT-02'] },
  { name: 'lkmc-release-frees-nothing', property: 'leak', programs: 100, clauses: ['HEALTH-02'] },
  // The properties that need no model find mistakes by themselves.
  { name: 'lkmc-vm-close-not-called', property: 'balance', programs: 30, clauses: ['UNMAP-07'] },
  { name: 'lkmc-open-shares-one-page', property: 'isolation', programs: 3000, clauses: ['BUF-01'] },
];

/** Modules that carry something from one program into the next: freed memory that is still used, the page of another open. */
const SPOILING = ['lkmc-missing-get-page', 'lkmc-open-shares-one-page'];

function mutantTarget(name: string): Target {
  const patch = fileURLToPath(new URL(`../../kmod/mutants/${name}.patch`, import.meta.url));
  return resolveTarget(KERNEL, { patch, name });
}

const contractOf = (name: string): string => (name.startsWith('pages-') ? 'pages_mmap' : 'lkmc_mmap');

describe('a wrong module is caught', () => {
  it.each(MUTANTS)('$name, by $property', async ({ name, property, programs, clauses }) => {
    const target = await prepared(mutantTarget(name));
    const { results, counterexamples } = await tryCampaign(target, contractOf(name), [property], programs);
    expect(results.map(({ verdict }) => verdict)).toEqual(['fail']);

    const reports = counterexamples.map(({ program, disagreement, verdict, text }) => {
      return { ops: program.ops.length, clause: disagreement.clause, verdict, text: text.join('; ') };
    });
    // What one program leaves behind may spoil another, and that is neither repeated alone nor shrunk. All else is.
    const repeated = SPOILING.includes(name) ? reports.filter(({ verdict }) => verdict === 'fail') : reports;
    expect(repeated.filter(({ ops, verdict }) => ops > LONGEST || verdict !== 'fail')).toEqual([]);

    const named = counterexamples.find(({ program, disagreement, verdict }) => {
      return verdict === 'fail' && program.ops.length <= SHORTEST && clauses.includes(disagreement.clause);
    });
    expect(named, JSON.stringify(reports)).toBeDefined();
    const token = named?.token ?? '';
    expect(await clauseOfToken(target, token)).toBe(named?.disagreement.clause);
    // A step by step replay shows neither memory that is lost over many repetitions nor steps of a kernel that crashed.
    if (property === 'leak' || named?.disagreement.level === 'reports') return;
    const { program } = decodeToken(token);
    const { steps } = await replayProgram({ target, contract: loadContract(contractOf(name)), program });
    expect(steps.filter(({ disagreement }) => disagreement !== undefined)).toHaveLength(1);
  });

  it('whose counterexample is replayed step by step', async () => {
    const target = await prepared(mutantTarget('lkmc-missing-get-page'));
    const contract = loadContract('lkmc_mmap');
    const { steps } = await replayProgram({
      target,
      contract,
      program: {
        version: 2,
        ops: [
          { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
          { op: 'mmap', actor: 'p0', to: 'm0', fd: 'd0', length: 4096, offset: 0, prot: 'rw-', type: 'shared' },
          { op: 'load', actor: 'p0', at: { map: 'm0', offset: 0 }, length: 4 },
          { op: 'munmap', actor: 'p0', at: { map: 'm0', offset: 0 }, length: 4096 },
          { op: 'read', actor: 'p0', fd: 'd0', length: 4 },
        ],
      },
    });
    // The page was freed by munmap, and a page that is freed is wiped.
    expect(steps.find(({ disagreement }) => disagreement !== undefined)).toMatchObject({
      text: 'p0: read(d0, 4)',
      disagreement: { clause: 'BUF-01', step: 4, expected: { data: '61736466' }, observed: { data: '00*4' } },
    });
  });
});

it.each(['lkmc_mmap', 'pages_mmap'])('the right module passes the same campaigns: %s', async (contract) => {
  const target = resolveTarget(KERNEL);
  const properties: PropertyName[] = ['lockstep', 'balance', 'isolation', 'leak'];
  const { results, counterexamples } = await tryCampaign(target, contract, properties, 200);
  expect(counterexamples).toEqual([]);
  expect(results.map(({ property, verdict }) => [property, verdict])).toEqual(properties.map((name) => [name, 'pass']));
});
