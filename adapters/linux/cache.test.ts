import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildLayer, defaultCacheDir, layerKey, layersReady } from './cache.ts';
import { withLock } from './lock.ts';

let cacheDir = '';
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'cache-test-'));
});
afterEach(async () => {
  await rm(cacheDir, { recursive: true });
});

const layer = (): { cacheDir: string; name: string; key: string; onProgress: () => void } => ({
  cacheDir,
  name: 'thing',
  key: 'abc',
  onProgress: () => undefined,
});

test('a key depends on every byte and on where each ingredient ends', () => {
  expect(layerKey(['ab', 'c'])).toBe(layerKey(['ab', Buffer.from('c')]));
  const different = [
    layerKey(['ab', 'c']),
    layerKey(['a', 'bc']),
    layerKey([['ab'], 'c']),
    layerKey(['ab', ['c']]),
    layerKey(['abc']),
  ];
  expect(new Set(different).size).toBe(different.length);
});

test('the cache is where the XDG specification says, which knows no relative paths', () => {
  expect(defaultCacheDir({ XDG_CACHE_HOME: '/x' })).toBe('/x/mmap-conformance');
  expect(defaultCacheDir({ XDG_CACHE_HOME: 'x' })).toMatch(/\/\.cache\/mmap-conformance$/);
});

test('a layer is built once, however many ask for it at the same time', async () => {
  let builds = 0;
  const ask = (): Promise<string> =>
    buildLayer(layer(), async (directory) => {
      builds += 1;
      await writeFile(path.join(directory, 'file'), 'content');
    });
  const [first, ...others] = await Promise.all([ask(), ask(), ask()]);
  expect(builds).toBe(1);
  expect(others).toEqual([first, first]);
  expect(await readFile(path.join(first, 'file'), 'utf8')).toBe('content');
});

test('a build that fails leaves nothing, and the next one tries again', async () => {
  await expect(buildLayer(layer(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(cacheDir)).toEqual(['locks']);
  await expect(buildLayer(layer(), () => Promise.resolve())).resolves.toBe(path.join(cacheDir, 'thing-abc'));
});

test('what a killed build has left is swept', async () => {
  await mkdir(path.join(cacheDir, 'thing-abc.tmp-dead'));
  await mkdir(path.join(cacheDir, 'other-abc.tmp-alive'));
  await buildLayer(layer(), () => Promise.resolve());
  expect((await readdir(cacheDir)).sort()).toEqual(['locks', 'other-abc.tmp-alive', 'thing-abc']);
});

test('the lock of a process that was killed is free', async () => {
  const lockPath = path.join(cacheDir, 'lock');
  const script = `
    const { withLock } = await import(${JSON.stringify(new URL('lock.ts', import.meta.url).href)});
    await withLock(${JSON.stringify(lockPath)}, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });
  `;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');

  let held = false;
  let waited = false;
  const ours = withLock(lockPath, () => Promise.resolve((held = true)), { onWait: () => (waited = true) });
  await expect.poll(() => waited).toBe(true);
  expect(held).toBe(false);
  holder.kill('SIGKILL');
  expect(await ours).toBe(true);
});

test('waiting for a lock can be given up', async () => {
  const lockPath = path.join(cacheDir, 'lock');
  await withLock(lockPath, async () => {
    const signal = AbortSignal.timeout(100);
    await expect(withLock(lockPath, () => Promise.resolve(), { signal })).rejects.toThrow(/timeout/);
  });
});

test('a layer is not taken for one whose name begins alike', async () => {
  await mkdir(path.join(cacheDir, 'kernel-6.1-packaged-abc'));
  await mkdir(path.join(cacheDir, 'kernel-6.1+checks-abc.tmp-1'));
  const names = ['6.1', '6.1-packaged', '6.1+checks'];
  expect(await layersReady(cacheDir, names, (name) => `kernel-${name}`)).toEqual(['6.1-packaged']);
});
