import { describe, expect, it } from 'vitest';
import { closest, unknownName } from './suggest.ts';

const TARGETS = ['sim', 'memfd', 'kernel:6.12', 'kernel:6.1'];

describe('closest', () => {
  it.each([
    ['kernl:6.12', 'kernel:6.12'],
    ['memfs', 'memfd'],
    ['mem', 'memfd'],
    ['simm', 'sim'],
    ['board', undefined],
    ['', undefined],
  ])('%s is probably %s', (given, meant) => expect(closest(given, TARGETS)).toBe(meant));
});

it('an unknown name is answered with all that are known', () => {
  expect(unknownName('target', 'board', ['sim', 'memfd'])).toBe('unknown target "board"; known are: sim, memfd');
});
