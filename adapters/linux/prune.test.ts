import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pruneLayers, touchLayer } from './prune.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);
const KEPT = 24;

let cacheDir = '';
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'prune-test-'));
});
afterEach(async () => {
  await rm(cacheDir, { recursive: true });
});

/** Makes a layer with a file in it that was used so many hours ago. */
async function makeLayer(name: string, hours: number): Promise<void> {
  const directory = path.join(cacheDir, name);
  await mkdir(directory);
  await writeFile(path.join(directory, 'content'), '');
  const at = new Date(NOW - hours * HOUR_MS);
  await utimes(directory, at, at);
}

/** The name of a layer as `buildLayer` gives it: its key is hexadecimal. */
const named = (kind: string, number: number): string => `${kind}-${number.toString(16).padStart(24, '0')}`;

/** Makes layers of a kind, each used an hour before the one before it, the first so many hours ago. */
async function makeLayers(kind: string, count: number, hours: number): Promise<void> {
  for (let number = 0; number < count; number++) await makeLayer(named(kind, number), hours + number);
}

test.each(['helper', 'image', 'modules', 'state'])('of each kind the last used remain: %s', async (kind) => {
  await makeLayers(kind, KEPT + 3, 30);
  await pruneLayers(cacheDir, NOW);
  const kept = Array.from({ length: KEPT }, (_, number) => named(kind, number));
  expect((await readdir(cacheDir)).sort()).toEqual(kept.sort());
});

test('kinds are counted apart', async () => {
  await makeLayers('image', KEPT, 30);
  await makeLayers('state', KEPT, 30);
  await pruneLayers(cacheDir, NOW);
  expect(await readdir(cacheDir)).toHaveLength(2 * KEPT);
});

test('what was used within a day is never removed, however much of it there is', async () => {
  // The last of them was used 24 hours ago to the millisecond, which is not yet more than a day.
  await makeLayers('modules', KEPT + 1, 0);
  await pruneLayers(cacheDir, NOW);
  expect(await readdir(cacheDir)).toHaveLength(KEPT + 1);
  await pruneLayers(cacheDir, NOW + 1);
  expect(await readdir(cacheDir)).toHaveLength(KEPT);
});

test('a layer that was noted as used outlives others', async () => {
  await makeLayers('image', KEPT + 1, 30);
  const oldest = path.join(cacheDir, named('image', KEPT));
  await touchLayer(oldest);
  expect(Date.now() - (await stat(oldest)).mtimeMs).toBeLessThan(HOUR_MS);
  await pruneLayers(cacheDir, NOW);
  const names = await readdir(cacheDir);
  expect(names).toContain(named('image', KEPT));
  expect(names).not.toContain(named('image', KEPT - 1));
});

test('what takes long to make, is being made, or is no layer, remains', async () => {
  const key = 'a'.repeat(24);
  const others = [
    `root-6.12-${key}`,
    `uml-sources-6.1-${key}`,
    `uml-kernel-6.1+checks-${key}`,
    `image-${key}.tmp-4f1c`,
    'locks',
    'image-of-the-user',
  ];
  for (const name of others) await makeLayer(name, 10_000);
  await makeLayers('image', KEPT + 1, 30);
  await pruneLayers(cacheDir, NOW);
  const names = await readdir(cacheDir);
  expect(names).toEqual(expect.arrayContaining(others));
  expect(names).toHaveLength(others.length + KEPT);
});

test('a layer that cannot be noted as used is no error', async () => {
  await expect(touchLayer(path.join(cacheDir, 'nowhere'))).resolves.toBeUndefined();
});
