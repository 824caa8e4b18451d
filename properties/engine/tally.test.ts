import { describe, expect, test } from 'vitest';
import { type Verdict, VERDICTS } from '../../spec/journal.ts';
import { Tally } from './tally.ts';

const where = { target: 'sim', contract: 'lkmc_mmap', property: 'lockstep' };

function tallied(...verdicts: readonly Verdict[]): Tally {
  const tally = new Tally();
  for (const verdict of verdicts) tally.add(verdict);
  return tally;
}

describe('what a property comes to', () => {
  test.each([
    [['pass', 'pass'], 'pass'],
    [['skipped', 'skipped'], 'skipped'],
    [['pass', 'skipped'], 'pass'],
    [['pass', 'errored', 'skipped'], 'errored'],
    [['errored', 'flaky', 'pass'], 'flaky'],
    [['flaky', 'errored', 'fail', 'pass'], 'fail'],
    [[], 'skipped'],
  ] as const)('%j is %s', (verdicts, worst) => {
    expect(tallied(...verdicts).verdict(true)).toBe(worst);
  });

  test.each([
    [['pass'], 'incomplete'],
    [['skipped'], 'incomplete'],
    [[], 'incomplete'],
    [['pass', 'errored'], 'errored'],
    [['flaky'], 'flaky'],
    [['fail'], 'fail'],
  ] as const)('%j of a run that did not end is %s', (verdicts, worst) => {
    expect(tallied(...verdicts).verdict(false)).toBe(worst);
  });
});

test('programs, operations and verdicts add up', () => {
  const tally = new Tally();
  for (const verdict of VERDICTS) tally.add(verdict, 10);
  tally.add('pass', 5);
  tally.add('skipped');
  expect(tally).toMatchObject({ programs: 8, operations: 65 });
  expect(tally.verdicts).toEqual({ pass: 2, fail: 1, skipped: 2, errored: 1, flaky: 1, incomplete: 1 });
});

test('an entry says what came, and does not change any more', () => {
  const tally = tallied('pass');
  const entry = tally.entry(where, true);
  tally.add('fail', 3);
  expect(entry).toEqual({
    type: 'result',
    ...where,
    verdict: 'pass',
    verdicts: { pass: 1, fail: 0, skipped: 0, errored: 0, flaky: 0, incomplete: 0 },
    programs: 1,
    operations: 0,
    durationMs: expect.any(Number) as number,
  });
  expect(Number.isInteger(entry.durationMs)).toBe(true);
  expect(tally.entry(where, false)).toMatchObject({ verdict: 'fail', programs: 2, operations: 3 });
});

test('operations are counted by the second', () => {
  const begun = performance.now();
  const tally = new Tally();
  tally.add('pass', 1000);
  while (performance.now() - begun < 5);
  const before = tally.durationMs;
  const { perSecond } = tally;
  const after = tally.durationMs;
  expect(before).toBeGreaterThan(4);
  expect(after).toBeLessThanOrEqual(performance.now() - begun);
  expect(perSecond).toBeLessThanOrEqual(1_000_000 / before);
  expect(perSecond).toBeGreaterThanOrEqual(1_000_000 / after);
});
