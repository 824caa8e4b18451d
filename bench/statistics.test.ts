import { describe, expect, it } from 'vitest';
import { formatSpread, ratioOf, slopeOf, spreadOf } from './statistics.ts';

describe('a spread', () => {
  it('has the middle of an odd number of rounds, and the mean of the two in the middle of an even number', () => {
    expect(spreadOf([9, 1, 2])).toEqual({ median: 2, min: 1, max: 9 });
    expect(spreadOf([9, 1, 2, 4])).toEqual({ median: 3, min: 1, max: 9 });
  });

  it('is refused where nothing was measured', () => {
    expect(() => spreadOf([])).toThrow('no rounds');
  });

  it('is shown with its range', () => {
    expect(formatSpread({ median: 1600.4, min: 1540, max: 12345.6 })).toBe('1,600 (1,540–12,346)');
    expect(formatSpread({ median: 1, min: 0.991, max: 1.006 }, 2)).toBe('1.00 (0.99–1.01)');
  });
});

it('takes ratios round by round, so that a slow round concerns both and drops out', () => {
  expect(ratioOf([20, 200, 10], [10, 100, 5])).toEqual({ median: 2, min: 2, max: 2 });
});

describe('a slope', () => {
  it('is that of the nearest line', () => {
    expect(
      slopeOf([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
    // Residuals of 1, -2 and 1 cancel out.
    expect(
      slopeOf([
        [0, 2],
        [1, 1],
        [2, 6],
      ]),
    ).toBe(2);
  });

  it('is refused for points above each other', () => {
    expect(() =>
      slopeOf([
        [1, 1],
        [1, 2],
      ]),
    ).toThrow('two places');
  });
});
