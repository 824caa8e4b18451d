import { expect, test } from 'vitest';
import { blocksOf } from './memcpy.ts';

test('less than a block is loaded at once', () => {
  expect(blocksOf(31, 200, 100)).toEqual([{ from: 0, to: 31 }]);
  expect(blocksOf(0, 200, 100)).toEqual([]);
});

test('blocks go upwards, the rest comes last', () => {
  expect(blocksOf(70, 0, 100)).toEqual([
    { from: 0, to: 32 },
    { from: 32, to: 64 },
    { from: 64, to: 70 },
  ]);
});

test('they go downwards when the lowest byte of the source’s address is less, the start comes last', () => {
  expect(blocksOf(70, 100, 0)).toEqual([
    { from: 38, to: 70 },
    { from: 6, to: 38 },
    { from: 0, to: 6 },
  ]);
});

test.each([
  ['the bytes have a sign', 0x1000, 0x10ff],
  ['the rest of the addresses does not count', 0x2010, 0x5000],
  ['addresses may be negative', 0x10, -0x100],
])('%s', (_, destination, source) => {
  expect(blocksOf(64, destination, source)[0]).toEqual({ from: 32, to: 64 });
});

test('equal bytes go upwards', () => {
  expect(blocksOf(64, 0x1010, 0x2010)[0]).toEqual({ from: 0, to: 32 });
});
