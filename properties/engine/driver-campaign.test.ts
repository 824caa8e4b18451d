import { expect, test } from 'vitest';
import { resolveTarget } from '../../adapters/targets.ts';
import type { Connection } from '../../spec/ports/connection.ts';
import type { DriverCounting } from '../../spec/ports/driver-counting.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

/** A simulator whose answers carry counters: the number of the answer in its session, first in one file, then in another. */
async function counting(read: DriverCounting['read'], endsAfter = Infinity): Promise<ReadyTarget> {
  const target = await prepared(resolveTarget('sim'));
  let sessions = 0;
  return {
    name: 'sim',
    connect: async (signal) => addCounters(await target.connect(signal), sessions++ === 0 ? endsAfter : Infinity),
    counting: { read, reached: () => [] },
  };
}

/** @param endsAfter so many answers the target is no more */
function addCounters(connection: Connection, endsAfter: number): Connection {
  let answers = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const line of connection.lines) {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (!('result' in event)) {
        yield line;
        continue;
      }
      if (answers === endsAfter) {
        // What it has written by then is read to its end, or the end of the process is not noticed.
        connection.kill();
        continue;
      }
      const file = answers < 5 ? 'early' : 'late';
      yield JSON.stringify({ ...event, counters: { [file]: String(++answers).padStart(4, '0') } });
    }
  }
  return {
    lines: lines(),
    closed: connection.closed,
    send: (line) => connection.send(line),
    close: () => connection.close(),
    kill: () => connection.kill(),
    consoleTail: () => connection.consoleTail(),
  };
}

test('a campaign reads the last counters of each file, once, and writes what they say', async () => {
  const seen: unknown[] = [];
  const target = await counting((module, counters) => {
    seen.push([module, ...counters.map((of) => Object.fromEntries(of))]);
    const line = { number: 2, reached: false, branches: 0, branchesTaken: 0 };
    return Promise.resolve([{ file: 'a.c', lines: [line], text: ['{', 'return;', '}'] }]);
  });
  const { results, drivers, troubles } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 40, { jobs: 1 });
  expect(seen).toEqual([['lkmc_mmap', { early: '0005', late: '0040' }]]);
  expect(drivers).toMatchObject([
    { contract: 'lkmc_mmap', files: [{ never: [{ from: 2, to: 2, text: ['return;'] }] }] },
  ]);
  expect(results.map(({ verdict }) => verdict)).toEqual(['pass']);
  expect(troubles).toEqual([]);
});

test('what a session that is gone has counted is not forgotten', async () => {
  let seen: readonly unknown[] = [];
  const target = await counting((_, counters) => {
    seen = counters.map((of) => Object.fromEntries(of));
    return Promise.resolve([]);
  }, 7);
  const { results, drivers } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 10, { jobs: 1 });
  expect(results.map(({ programs }) => programs)).toEqual([10]);
  // Of the program under which the first one ended there is no answer; it runs again, alone.
  expect(seen).toEqual([{ early: '0005', late: '0007' }, { early: '0003' }]);
  expect(drivers).toEqual([]);
});

test('counters that cannot be read are told of, and spoil no result', async () => {
  const target = await counting(() => Promise.reject(new Error('no notes')));
  const { results, drivers, troubles } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 5);
  expect(results.map(({ verdict }) => verdict)).toEqual(['pass']);
  expect(drivers).toEqual([]);
  expect(troubles).toEqual(['no notes']);
});
