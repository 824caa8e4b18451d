import { expect, test } from 'vitest';
import { expandData } from './bytes.ts';

test.each([
  ['a', 0],
  ['abc', 2],
  ['abc', 3],
  ['abc', 10],
  ['ab', 4097],
])('%j up to %i bytes', (text, length) => {
  expect(Buffer.from(expandData({ text, length })).toString('latin1')).toBe(text.repeat(length).slice(0, length));
});
