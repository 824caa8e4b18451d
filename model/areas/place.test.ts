import { expect, test } from 'vitest';
import { chooseGap, mayLieAt, zoneEnd, zoneStart } from './place.ts';
import { REFERENCE_FACTS } from '../reference-facts.ts';
import type { Vma } from '../state.ts';

const UPWARD = { ...REFERENCE_FACTS, zonePages: 100, searchesUpward: true };
const DOWNWARD = { ...REFERENCE_FACTS, zonePages: 100 };

function area(start: number, end: number): Vma {
  return { start, end, flags: 0, pgoff: 0, anonPgoff: 0, description: 0, anon: 0, chain: [] };
}

test('the zone lies where the search goes next', () => {
  expect([zoneStart(DOWNWARD), zoneEnd(DOWNWARD)]).toEqual([-116, -16]);
  expect([zoneStart(UPWARD), zoneEnd(UPWARD)]).toEqual([48, 148]);
});

test('the search begins at the lower end of the arena, or at the upper one', () => {
  expect(chooseGap(UPWARD, [], 2)).toBe(0);
  expect(chooseGap(DOWNWARD, [], 2)).toBe(30);
});

test('what does not fit into the arena goes to the near end of the zone', () => {
  expect(chooseGap(UPWARD, [], 33)).toBe(48);
  expect(chooseGap(DOWNWARD, [], 33)).toBe(-49);
  expect(chooseGap(UPWARD, [], 101)).toBeUndefined();
});

test.each([
  [0, 32, true],
  [48, 100, true],
  [0, 48, false],
  [31, 2, false],
  [47, 2, false],
  [147, 2, false],
  [-20, 1, false],
])('%i and %i pages from there: %o', (start, pages, allowed) => {
  expect(mayLieAt(UPWARD, start, pages)).toBe(allowed);
});

test('the first gap that is long enough is taken', () => {
  const vmas = [area(0, 4), area(5, 20), area(22, 30)];
  expect(chooseGap(UPWARD, vmas, 1)).toBe(4);
  expect(chooseGap(UPWARD, vmas, 2)).toBe(20);
  expect(chooseGap(UPWARD, [...vmas, area(48, 60)], 3)).toBe(60);
  expect(chooseGap(DOWNWARD, vmas, 1)).toBe(31);
});
