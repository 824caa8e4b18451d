import { describe, expect, it } from 'vitest';
import { differenceOf, readFigures } from './journal.ts';

const header = { type: 'header', version: 999, whatever: true };
const result = { type: 'result', property: 'lockstep', verdict: 'pass', programs: 2, operations: 40, durationMs: 500 };
const coverage = { type: 'coverage', clauses: { 'MAP-01': 3, 'CALL-01': 40 }, more: 1 };

const journal = (...entries: readonly object[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

describe('the figures of a run', () => {
  it('are read from a journal of any version', () => {
    expect(readFigures(journal(header, result, coverage))).toEqual({
      operations: 40,
      seconds: 0.5,
      clauses: { 'MAP-01': 3, 'CALL-01': 40 },
    });
  });

  it.each(['fail', 'flaky', 'errored', 'skipped', 'incomplete'])(
    'are refused of a run that ended with %s',
    (verdict) => {
      expect(() => readFigures(journal(header, { ...result, verdict }, coverage))).toThrow(`ended with \`${verdict}\``);
    },
  );

  it('are refused of a run with several properties, and of one that was cut off', () => {
    expect(() => readFigures(journal(header, result, result, coverage))).toThrow('one target, contract and property');
    expect(() => readFigures(journal(header))).toThrow('one target, contract and property');
    expect(() => readFigures(journal(header, result))).toThrow('one target, contract and property');
  });
});

describe('the difference of two runs', () => {
  const run = { operations: 40, seconds: 1, clauses: { 'MAP-01': 3, 'CALL-01': 40 } };

  it('is none where both found the same, however long it took', () => {
    expect(differenceOf(run, { ...run, seconds: 9 })).toBeUndefined();
  });

  it('is the number of operations, or else the clauses', () => {
    expect(differenceOf(run, { ...run, operations: 41 })).toBe('40 and 41 operations');
    expect(differenceOf(run, { ...run, clauses: { 'CALL-01': 40 } })).toBe(
      'as many operations, but 1 clauses decided not equally often: MAP-01 3 and never',
    );
  });
});
