import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { buildHelper } from './build.ts';

async function temporaryCache(): Promise<string> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'helper-cache-'));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  return cacheDir;
}

it('says what is missing, with a code and a hint, and leaves nothing behind', async () => {
  const cacheDir = await temporaryCache();
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await expect(buildHelper({ cacheDir })).rejects.toMatchObject({
    code: 'helper-build-failed',
    message: 'The helper cannot be built: there is no working gcc.',
    hint: expect.stringContaining('apt-get install gcc make libc6-dev') as string,
  });
  expect(await readdir(cacheDir)).toEqual([]);
});

it('is a layer of the cache that the environment names', async () => {
  const home = await temporaryCache();
  vi.stubEnv('XDG_CACHE_HOME', home);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const said: string[] = [];
  const onProgress = (message: string): number => said.push(message);
  const binary = await buildHelper({ onProgress });
  expect(binary).toMatch(new RegExp(`^${home}/mmap-conformance/helper-[0-9a-f]{24}/helper$`));
  expect(await buildHelper({ onProgress })).toBe(binary);
  expect(said).toEqual(['Compiling the helper (static).']);
});
