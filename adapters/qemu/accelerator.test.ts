import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { X86_64 } from '../linux/architecture.ts';
import { chooseAccelerator, qemuVersion, rememberedAccelerator } from './accelerator.ts';

/** It tells a version, counts how often it was to boot a guest, and boots none. */
const BROKEN_QEMU = `#!/bin/sh
if [ "$1" = --version ]; then echo 'QEMU emulator version 0.0'; echo 'and more'; exit; fi
echo boot >>"\${0%/*}/boots"
exit 1
`;

const QEMU = X86_64.qemu.binary;

const BOOT = { architecture: X86_64, kernelPath: '/nonexistent/kernel', initramfsPath: '/nonexistent/initramfs' };

let directory: string;
let cacheDir: string;
let kvm: string;
const progress: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'accelerator-'));
  cacheDir = path.join(directory, 'cache');
  kvm = path.join(directory, 'kvm');
  await writeFile(kvm, '');
  await writeFile(path.join(directory, QEMU), BROKEN_QEMU);
  await chmod(path.join(directory, QEMU), 0o755);
  vi.stubEnv('PATH', `${directory}:${process.env['PATH'] ?? ''}`);
  progress.length = 0;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const choose = (device = kvm) =>
  chooseAccelerator(BOOT, { cacheDir, kvm: device, onProgress: (message) => progress.push(message) });

/** How often a guest was to boot. */
async function boots(): Promise<number> {
  const lines = await readFile(path.join(directory, 'boots'), 'utf8').catch(() => '');
  return lines.split('\n').length - 1;
}

/** The file with the answer of the last probe. */
async function answerFile(): Promise<string> {
  const files = await readdir(cacheDir);
  expect(files).toEqual([expect.stringMatching(/^accelerator-[0-9a-f]{24}\.json$/)]);
  return path.join(cacheDir, files[0] ?? '');
}

test('without a device that may be opened guests are emulated; nothing is tried or remembered', async () => {
  const missing = path.join(directory, 'missing');
  expect(await choose(missing)).toEqual({
    accelerator: 'tcg',
    reason: `${missing} does not exist or may not be opened by this user.`,
  });
  expect(await boots()).toBe(0);
  expect(progress).toEqual([]);
  expect(await rememberedAccelerator(cacheDir, X86_64)).toBeUndefined();
});

test('a guest that does not boot is tried once, and the answer remembered', async () => {
  const answer = await choose();
  expect(answer).toEqual({
    accelerator: 'tcg',
    reason: 'A guest did not boot with hardware acceleration: QEMU ended with status 1.',
  });
  expect(progress).toEqual(['Trying hardware acceleration with one guest.']);
  expect(await rememberedAccelerator(cacheDir, X86_64)).toEqual(answer);
  expect(await choose()).toEqual(answer);
  expect(await boots()).toBe(1);
});

test('what was remembered is believed, as long as it is an answer', async () => {
  await choose();
  const file = await answerFile();
  const answer = { accelerator: 'kvm', reason: 'It did yesterday.' };
  await writeFile(file, JSON.stringify(answer));
  expect(await choose()).toEqual(answer);
  expect(await boots()).toBe(1);
  for (const damaged of ['', '{"accelerator":"kvm","rea', '{"accelerator":"warp","reason":"x"}']) {
    await writeFile(file, damaged);
    expect(await rememberedAccelerator(cacheDir, X86_64)).toBeUndefined();
  }
  expect(await choose()).toMatchObject({ accelerator: 'tcg' });
  expect(await boots()).toBe(2);
  expect(await rememberedAccelerator(cacheDir, X86_64)).toMatchObject({ accelerator: 'tcg' });
});

test('the answer of one QEMU says nothing of another', async () => {
  await choose();
  await writeFile(path.join(directory, QEMU), BROKEN_QEMU.replace('version 0.0', 'version 0.1'));
  expect(await qemuVersion(X86_64)).toBe('QEMU emulator version 0.1');
  expect(await rememberedAccelerator(cacheDir, X86_64)).toBeUndefined();
});
