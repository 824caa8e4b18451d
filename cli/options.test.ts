import { describe, expect, it } from 'vitest';
import { collect, parseCount, parseDuration, parseJobs, parseSeed } from './options.ts';

describe('parseDuration', () => {
  it.each([
    ['60s', 60_000],
    ['500ms', 500],
    ['2.5m', 150_000],
    ['5min', 300_000],
    ['1h', 3_600_000],
  ])('%s is %d milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(['60', '', '0s', '-1s', '1d', 's', '1e3s', '60 s'])('%j is refused', (text) => {
    expect(() => parseDuration(text)).toThrow('expected a duration such as 60s');
  });
});

describe('numbers', () => {
  it('counts start at one, seeds at zero', () => {
    expect(parseCount('1')).toBe(1);
    expect(parseJobs('64')).toBe(64);
    expect(parseSeed('0')).toBe(0);
    expect(parseSeed('2147483647')).toBe(2_147_483_647);
  });

  it.each(['0', '-1', '1.5', '1e3', 'x', '', '99999999999999999999'])('%j is no count', (text) => {
    expect(() => parseCount(text)).toThrow('expected a whole number from 1');
  });

  it.each(['0', '65', '1.5', 'x', ''])('%j is no number of jobs', (text) => {
    expect(() => parseJobs(text)).toThrow('expected a whole number from 1 to 64');
  });

  it.each(['-1', '2147483648', 'x', ''])('%j is no seed', (text) => {
    expect(() => parseSeed(text)).toThrow('expected a whole number from 0');
  });
});

it('an option that is given twice with the same value counts once', () => {
  expect(['sim', 'memfd', 'sim'].reduce<string[] | undefined>((all, value) => collect(value, all), undefined)).toEqual([
    'sim',
    'memfd',
  ]);
});
