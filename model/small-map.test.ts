import { expect, test } from 'vitest';
import { SmallMap } from './small-map.ts';

test('keeps the order of a Map, whatever is set and deleted', () => {
  const [small, map] = [new SmallMap<number, string>(), new Map<number, string>()];
  for (const [key, value] of [
    [3, 'a'],
    [1, 'b'],
    [2, 'c'],
    [3, 'd'],
  ] as const) {
    small.set(key, value);
    map.set(key, value);
  }
  for (const key of [1, 9]) {
    small.delete(key);
    map.delete(key);
  }
  small.set(1, 'e');
  map.set(1, 'e');
  expect([...small]).toEqual([...map]);
  expect([small.size, small.keys(), small.values()]).toEqual([map.size, [...map.keys()], [...map.values()]]);
  expect([small.get(3), small.get(9), small.has(1), small.has(9)]).toEqual(['d', undefined, true, false]);
});

test('is the same when it is long', () => {
  const [small, map] = [new SmallMap<number, number>(), new Map<number, number>()];
  for (let key = 0; key < 200; key++) {
    const before = small.copy();
    expect([...before.with(key, 1)]).toEqual([...map, [key, 1]]);
    expect([...before]).toEqual([...map]);
    small.set(key, -key);
    map.set(key, -key);
  }
  expect([...small]).toEqual([...map]);
});

test('a copy changes, and what it was made of does not', () => {
  const first = new SmallMap<string, number>().with('a', 1);
  const [more, other, less] = [first.with('b', 2), first.with('a', 3), first.without('a')];
  const copy = first.copy();
  copy.set('c', 4);
  copy.delete('a');
  expect([...first]).toEqual([['a', 1]]);
  expect([...more]).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect([...other]).toEqual([['a', 3]]);
  expect([...less]).toEqual([]);
  expect([...copy]).toEqual([['c', 4]]);
});
