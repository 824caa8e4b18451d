/**
 * Measures several ways side by side: all of them in each round, one after the other, each of them first equally often, so
 * that a machine that gets slower or faster does so for all.
 *
 * @param ways - each is given the number of the round, from 0
 * @returns for each way, in their order, what it yielded in each round
 */
export async function inRounds<T>(
  rounds: number,
  ways: readonly ((round: number) => Promise<T>)[],
  onRound: (round: number) => void = () => undefined,
): Promise<T[][]> {
  const results: T[][] = ways.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < ways.length; turn++) {
      const index = (round + turn) % ways.length;
      const way = ways[index];
      if (way !== undefined) results[index]?.push(await way(round));
    }
    onRound(round);
  }
  return results;
}
