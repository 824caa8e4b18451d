import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../spec/errors.ts';
import type { Architecture } from '../linux/architecture.ts';
import { layerKey } from '../linux/cache.ts';
import { run } from '../linux/run-command.ts';
import { bootMachine } from './saved-state.ts';
import type { Accelerator, BootFiles } from './machine.ts';

/** A guest that really has hardware acceleration boots in a second. */
const PROBE_DEADLINE_MS = 8_000;

const answerSchema = z.object({ accelerator: z.enum(['kvm', 'tcg']), reason: z.string() });

/** The kernel's hardware acceleration; who may open it may use it. */
const KVM = '/dev/kvm';

/** Which accelerator guests use here, and a sentence that says why. */
export interface AcceleratorAnswer {
  readonly accelerator: Accelerator;
  readonly reason: string;
}

/** The version line of the installed QEMU, which saved states depend on. */
export async function qemuVersion({ qemu }: Architecture): Promise<string> {
  const output = await run(qemu.binary, ['--version'], {
    what: 'Asking QEMU for its version',
    code: 'no-qemu',
    hint: `Install it: apt-get install --no-install-recommends ${qemu.package}`,
  });
  return output.split('\n')[0] ?? '';
}

async function answerPath(cacheDir: string, architecture: Architecture): Promise<string> {
  const key = layerKey(['accelerator', release(), cpus()[0]?.model ?? '', await qemuVersion(architecture)]);
  return path.join(cacheDir, `accelerator-${key}.json`);
}

/** What an earlier probe on this machine has found, if there was one. */
export async function rememberedAccelerator(
  cacheDir: string,
  architecture: Architecture,
): Promise<AcceleratorAnswer | undefined> {
  try {
    return answerSchema.parse(JSON.parse(await readFile(await answerPath(cacheDir, architecture), 'utf8')));
  } catch {
    // A missing or damaged answer is asked for again.
    return undefined;
  }
}

/**
 * Finds out whether hardware acceleration really works, by booting a guest with it. That /dev/kvm exists says little:
 * inside a virtual machine it may be there and fail, or never finish.
 */
export async function chooseAccelerator(
  boot: BootFiles,
  options: {
    readonly cacheDir: string;
    readonly onProgress: (message: string) => void;
    readonly signal?: AbortSignal;
    /** Another device in the place of /dev/kvm. */
    readonly kvm?: string;
  },
): Promise<AcceleratorAnswer> {
  const { kvm = KVM } = options;
  if (!(await isAccessible(kvm))) {
    // Not remembered: permission for /dev/kvm can change at any time, and asking costs nothing.
    return { accelerator: 'tcg', reason: `${kvm} does not exist or may not be opened by this user.` };
  }
  const remembered = await rememberedAccelerator(options.cacheDir, boot.architecture);
  if (remembered !== undefined) {
    return remembered;
  }
  options.onProgress('Trying hardware acceleration with one guest.');
  const answer = await probe(boot, options.signal);
  const file = await answerPath(options.cacheDir, boot.architecture);
  await mkdir(options.cacheDir, { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(answer)}\n`);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return answer;
}

async function probe(boot: BootFiles, signal: AbortSignal | undefined): Promise<AcceleratorAnswer> {
  try {
    const machine = await bootMachine(
      { boot, accelerator: 'kvm', ...(signal === undefined ? {} : { signal }) },
      PROBE_DEADLINE_MS,
    );
    machine.kill();
    await machine.exited;
    return { accelerator: 'kvm', reason: 'A guest has booted with hardware acceleration.' };
  } catch (error) {
    signal?.throwIfAborted();
    const sentence = /^.*?\.(?=\s|$)/.exec(messageOf(error))?.[0] ?? messageOf(error);
    return { accelerator: 'tcg', reason: `A guest did not boot with hardware acceleration: ${sentence}` };
  }
}

async function isAccessible(device: string): Promise<boolean> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
