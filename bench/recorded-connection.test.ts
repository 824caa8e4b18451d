import { expect, it } from 'vitest';
import { replaying } from './recorded-connection.ts';

it('answers the first commands at once and the others when they are released', async () => {
  const { connect, release } = replaying([['started'], ['one', 'two'], ['three']], 1);
  const connection = await connect();
  const lines = connection.lines[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => (await lines.next()).value;
  connection.send('start');
  expect(await next()).toBe('started');
  connection.send('run');
  const waiting = next();
  expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 20, 'nothing'))])).toBe('nothing');
  release();
  expect(await waiting).toBe('one');
  expect(await next()).toBe('two');
  release();
  expect(await next()).toBe('three');
});
