import { beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../engine/session.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { end, initialState, step, type Step } from '../../model/step.ts';
import { applicableClauses } from '../../spec/clauses.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { listContracts, loadContract } from '../../spec/io/load.ts';
import { LEVELS } from '../../spec/observation.ts';
import { type Operation, OPERATION_NAMES, type OperationName, Program, SETTING_NAMES } from '../../spec/program.ts';
import { clauseFacts } from '../engine/campaign.ts';
import { ProgramArbitrary, programNumber, type Surroundings, surroundingsOf } from './program.ts';
import { MODEST_PAGES, PAGE } from './operations/common.ts';

/** What `run` checks of each contract when it is not told otherwise. */
const DEFAULT_PROGRAMS = 1000;

/** Budgets after which a clause that is still missing was forgotten, and not only unlucky. */
const BUDGETS = 3;

async function referenceSession(name: string): Promise<Session> {
  const session = await Session.open(await prepared(resolveTarget('reference')), loadContract(name));
  await session.close();
  return session;
}

function programs(surroundings: Surroundings, count: number, seed = 1): Program[] {
  const arbitrary = new ProgramArbitrary(surroundings);
  return Array.from({ length: count }, (_, index) => programNumber(arbitrary, seed, index));
}

function clausesOf({ clauses, expected }: Step): string[] {
  return [...clauses.outcome, ...clauses.frames, ...clauses.layout, ...expected.callbacks.map(({ clause }) => clause)];
}

/** A range that an operation works on, in pages, if it is one that exists. */
function pagesOf(length: unknown): number {
  return typeof length === 'number' && length < 2 ** 47 ? length / PAGE : 0;
}

describe.each(listContracts())('programs for %s', (name) => {
  let session: Session;
  let surroundings: Surroundings;
  beforeAll(async () => {
    session = await referenceSession(name);
    surroundings = surroundingsOf(session.contract, session.profile, session.started);
  });

  it('are valid, perform every operation and set every limit', () => {
    const generated = programs(surroundings, 400);
    for (const program of generated) expect(Program.safeParse(program).error?.issues).toBeUndefined();
    const performed = new Set(generated.flatMap(({ ops }) => ops.map(({ op }) => op)));
    expect(OPERATION_NAMES.filter((operation) => !performed.has(operation))).toEqual([]);
    const limits = new Set(generated.flatMap(({ setting }) => Object.keys(setting ?? {})));
    expect(SETTING_NAMES.filter((limit) => !limits.has(limit))).toEqual([]);
  });

  it('are the same for the same seed and number, and others for others', () => {
    const [first, again, other] = [programs(surroundings, 5), programs(surroundings, 5), programs(surroundings, 5, 2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('perform only what the target does', () => {
    const operations = new Set<OperationName>(['open', 'mmap', 'load', 'checkpoint', 'madvise']);
    const generated = programs({ ...surroundings, operations, settings: new Set(['areas'] as const) }, 200);
    expect(new Set(generated.flatMap(({ ops }) => ops.map(({ op }) => op)))).toEqual(operations);
    expect(new Set(generated.flatMap(({ setting }) => Object.keys(setting ?? {})))).toEqual(new Set(['areas']));
  });

  it('give only the flags of mmap that the target offers', () => {
    const generated = programs({ ...surroundings, mapFlags: new Set(['populate'] as const) }, 200);
    const flags = generated.flatMap(({ ops }) => ops.flatMap((op) => (op.op === 'mmap' ? (op.flags ?? []) : [])));
    expect(new Set(flags)).toEqual(new Set(['populate']));
  });

  it('copy within a page only so that the outcome is the same in any steps, where the target takes any', () => {
    const { contract } = surroundings;
    const kernel = { ...surroundings.kernel, facts: { ...surroundings.kernel.facts, stepwiseCopies: false } };
    const generated = programs({ ...surroundings, kernel }, 400);
    const unpredictable = generated.filter((program) => {
      let state = initialState(contract, kernel, program);
      return program.ops.some((operation) => {
        const result = step(state, operation, contract, kernel);
        state = result.state;
        return result.unpredictable;
      });
    });
    expect(unpredictable).toEqual([]);
    expect(new Set(generated.flatMap(({ ops }) => ops.map(({ op }) => op)))).toContain('write_from');
  });

  it('reach every clause that applies', () => {
    const reached = new Set(['HEALTH-01', 'HEALTH-03', 'CALL-01', 'FRAME-05', 'PERFORM-02']);
    const { contract, kernel } = surroundings;
    for (const program of programs(surroundings, BUDGETS * DEFAULT_PROGRAMS)) {
      let state = initialState(contract, kernel, program);
      for (const operation of program.ops) {
        const result = step(state, operation, contract, kernel);
        state = result.state;
        for (const clause of clausesOf(result)) reached.add(clause);
        if ('none' in result.expected.outcome) reached.add('PERFORM-01');
      }
      for (const clause of clausesOf(end(state, contract, kernel))) reached.add(clause);
    }
    const applicable = applicableClauses(contract, clauseFacts(session), LEVELS).map(({ id }) => id);
    expect(applicable.filter((id) => !reached.has(id))).toEqual([]);
  });

  it('never bring in, lock or ask about more than a few pages at once', () => {
    for (const program of programs(surroundings, 1500)) {
      const isHuge = program.ops.some((op) => isHugeMapping(op));
      for (const op of program.ops) {
        expect(isHuge && locks(op), JSON.stringify(program)).toBe(false);
        if (bringsIn(op) && 'length' in op) expect(pagesOf(op.length)).toBeLessThanOrEqual(MODEST_PAGES);
      }
    }
  });
});

function isHugeMapping(op: Operation): boolean {
  const length = op.op === 'mmap' ? op.length : op.op === 'mremap' ? op.newLength : 0;
  return pagesOf(length) > MODEST_PAGES;
}

function locks(op: Operation): boolean {
  if (op.op === 'mmap') return op.flags?.includes('locked') === true;
  return op.op === 'mlock' || op.op === 'mlockall' || op.op === 'clear_refs';
}

function bringsIn(op: Operation): boolean {
  if (op.op === 'mmap') return op.flags?.some((flag) => flag === 'populate' || flag === 'locked') === true;
  if (op.op === 'madvise') return /^(populate|guard)/.test(op.advice);
  return op.op === 'mlock' || op.op === 'mincore';
}
