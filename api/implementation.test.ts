import { expect, test } from 'vitest';
import type { ReadyTarget, Target } from '../spec/ports/target.ts';
import { targetOf } from './implementation.ts';

const FOREVER = { command: process.execPath, args: ['-e', 'setInterval(() => undefined, 1000)'] };

const ready = (target: Target): Promise<ReadyTarget> => target.prepare({ onProgress: () => undefined });

test('a command ends at once when the run is aborted', async () => {
  const controller = new AbortController();
  const target = await ready(targetOf(FOREVER, undefined));
  const connection = await target.connect(controller.signal);
  controller.abort();
  expect(await connection.closed).toEqual({
    reason: 'killed',
    message: 'The target was ended because the run was interrupted',
  });
});

test('a command is not started for a run that is over', async () => {
  const target = await ready(targetOf(FOREVER, undefined));
  await expect(target.connect(AbortSignal.abort())).rejects.toThrow('aborted');
});

test('an implementation has the name that it was given, or that of its command', () => {
  expect(targetOf(FOREVER, 'mine').name).toBe('mine');
  expect(targetOf({ command: 'adapter' }, undefined).name).toBe('adapter');
  expect(targetOf({ command: 'python3', args: ['adapter.py'] }, undefined).name).toBe('python3 adapter.py');
});
