import { expect, it } from 'vitest';
import { inRounds } from './rounds.ts';

it('lets each way be first equally often, and keeps the results of each in the order of the rounds', async () => {
  const order: string[] = [];
  const way = (name: string) => (round: number) => {
    order.push(name);
    return Promise.resolve(`${name}${String(round)}`);
  };
  const rounds: number[] = [];
  const results = await inRounds(4, [way('a'), way('b')], (round) => rounds.push(round));
  expect(order.join('')).toBe('abbaabba');
  expect(results).toEqual([
    ['a0', 'a1', 'a2', 'a3'],
    ['b0', 'b1', 'b2', 'b3'],
  ]);
  expect(rounds).toEqual([0, 1, 2, 3]);
});
