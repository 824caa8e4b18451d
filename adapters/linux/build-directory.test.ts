import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withBuildDirectory } from './build-directory.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'build-test-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(root, { recursive: true });
});

const left = (): Promise<string[]> => readdir(path.join(root, 'build'));

test('nothing is left of a build, whether it succeeds or fails', async () => {
  const seen = await withBuildDirectory(root, async ({ directory, inRoot }) => {
    expect(path.join(root, inRoot)).toBe(directory);
    await writeFile(path.join(directory, 'object.o'), '');
    return left();
  });
  expect(seen).toHaveLength(1);
  await expect(withBuildDirectory(root, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await left()).toEqual([]);
});

test('what a killed build has left goes a day later, and not while it may still run', async () => {
  await mkdir(path.join(root, 'build/killed'), { recursive: true });
  await withBuildDirectory(root, () => Promise.resolve());
  expect(await left()).toEqual(['killed']);
  vi.useFakeTimers({ now: Date.now() + 25 * 3_600_000, toFake: ['Date'] });
  await withBuildDirectory(root, () => Promise.resolve());
  expect(await left()).toEqual([]);
});
