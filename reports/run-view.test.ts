import { describe, expect, test } from 'vitest';
import type { JournalEntry, Verdict } from '../spec/journal.ts';
import { counterexample, coverage, driver, footer, header, passed, started } from '../tools/testing/journal.ts';
import { viewRun, worstVerdict, zeroVerdicts } from './run-view.ts';

describe('the worst of several verdicts', () => {
  // Each is worse than all that stand behind it; a pass beside a skip is a pass.
  const SEVERITY: readonly Verdict[] = ['fail', 'flaky', 'errored', 'incomplete', 'pass', 'skipped'];
  const pairs = SEVERITY.flatMap((worse, at) => SEVERITY.slice(at).map((better) => [worse, better] as const));
  test.each(pairs)('%s beside %s', (worse, better) => {
    expect(worstVerdict([better, worse])).toBe(worse);
    expect(worstVerdict([worse, better])).toBe(worse);
  });

  test('of none is incomplete', () => {
    expect(worstVerdict([])).toBe('incomplete');
  });
});

const HEADER = {
  ...header,
  targets: ['sim', 'memfd'],
  contracts: ['lkmc_mmap', 'pages_mmap'],
  properties: ['corpus', 'lockstep'],
};

describe('a view of a run', () => {
  test('has a cell for each target with each contract, reached or not', () => {
    const { cells } = viewRun(HEADER, []);
    expect(cells.map(({ target, contract, verdict }) => [target, contract, verdict])).toEqual([
      ['sim', 'lkmc_mmap', 'incomplete'],
      ['sim', 'pages_mmap', 'incomplete'],
      ['memfd', 'lkmc_mmap', 'incomplete'],
      ['memfd', 'pages_mmap', 'incomplete'],
    ]);
    expect(cells[0]).toMatchObject({ started: undefined, programs: 0, operations: 0, operationsPerSecond: 0 });
    expect(cells[0]?.results[0]).toEqual({
      type: 'result',
      target: 'sim',
      contract: 'lkmc_mmap',
      property: 'corpus',
      verdict: 'incomplete',
      verdicts: zeroVerdicts(),
      programs: 0,
      operations: 0,
      durationMs: 0,
      message: 'the run ended before this property was done',
    });
  });

  test('deals entries to the cells that they are of', () => {
    const elsewhere = { target: 'memfd', contract: 'pages_mmap' };
    const trouble: JournalEntry = {
      type: 'trouble',
      ...elsewhere,
      property: 'corpus',
      verdict: 'errored',
      message: 'x',
    };
    const entries = [started, passed, counterexample, coverage, driver, { ...passed, ...elsewhere }, trouble, footer];
    const view = viewRun(HEADER, entries);
    const [first, second, third, last] = view.cells;
    expect(view.footer).toEqual(footer);
    expect(first).toMatchObject({ started, counterexamples: [counterexample], troubles: [], driver: driver.files });
    expect(second).toMatchObject({ started: undefined, counterexamples: [], troubles: [], driver: [] });
    expect(third?.results.map(({ verdict }) => verdict)).toEqual(['incomplete', 'incomplete']);
    expect(last).toMatchObject({ started: undefined, troubles: [trouble], counterexamples: [], driver: [] });
    expect(viewRun(HEADER, entries.slice(0, -1)).footer).toBeUndefined();
  });

  test('adds up verdicts, programs and operations; only what compared operations counts for their speed', () => {
    const verdicts = { ...zeroVerdicts(), pass: 3, skipped: 2 };
    const result = { ...passed, verdicts, programs: 5, operations: 100, durationMs: 200 };
    const whole = { ...passed, property: 'corpus', verdicts, programs: 5, operations: 0, durationMs: 50 };
    const [cell] = viewRun(HEADER, [result, whole]).cells;
    expect(cell?.verdicts).toEqual({ ...zeroVerdicts(), pass: 6, skipped: 4 });
    expect(cell?.results).toEqual([whole, result]);
    expect(cell).toMatchObject({
      verdict: 'pass',
      programs: 10,
      operations: 100,
      durationMs: 250,
      operationsPerSecond: 500,
    });
  });

  test('adds up how often each clause decided, sorted by id', () => {
    const more = { ...coverage, clauses: { 'READ-02': 4, 'ALIAS-01': 0, 'MAP-07': 1 } };
    const { coverage: merged } = viewRun(HEADER, [coverage, more]).cells[0] ?? {};
    expect(Object.fromEntries(merged?.counts ?? [])).toEqual({
      'MAP-01': 12,
      'MAP-07': 1,
      'READ-02': 7,
      'ALIAS-01': 0,
    });
    expect(merged?.applicable).toEqual(['ALIAS-01', 'MAP-01', 'MAP-07', 'READ-02']);
    expect(merged?.exercised).toEqual(['MAP-01', 'MAP-07', 'READ-02']);
  });
});
