import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../../spec/errors.ts';
import { qemuVersion, rememberedAccelerator } from '../qemu/accelerator.ts';
import { X86_64 } from './architecture.ts';
import { defaultCacheDir, exists, layersReady } from './cache.ts';
import { findDebianArchives } from './debian-sources.ts';
import { installCommand, missingPackages } from './packages.ts';
import { knownKernels } from './releases.ts';

/** One thing that was looked at, for `doctor`. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** What was found: one sentence or phrase. */
  readonly detail: string;
  /** What mends it, if it is not ok: a command or a sentence. */
  readonly fix?: string;
}

/** A root takes up to 0.7 GB, and its packages are kept for a moment while they are unpacked. Bytes. */
const WANTED_FREE_BYTES = 2e9;

/** Looks at everything that kernel targets need. Changes nothing, takes well under a second, never throws. */
export async function diagnoseKernel(tool: string, cacheDir: string = defaultCacheDir()): Promise<Finding[]> {
  return Promise.all([
    check('packages', packages),
    check('qemu', async () => ({ ok: true, detail: await qemuVersion(X86_64) })),
    check('debian archive', async () => {
      const archives = await findDebianArchives();
      return {
        ok: true,
        detail: `${archives.main}${archives.security === undefined ? ' (without security updates)' : ''}`,
      };
    }),
    check('acceleration', () => acceleration(cacheDir)),
    check('kits', () => kits(tool, cacheDir)),
    check('disk space', () => diskSpace(cacheDir)),
  ]);
}

type Answer = Omit<Finding, 'name'>;

async function check(name: string, look: () => Promise<Answer>): Promise<Finding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? { fix: error.hint } : {};
    return { name, ok: false, detail: messageOf(error), ...hint };
  }
}

async function packages(): Promise<Answer> {
  const missing = await missingPackages('guest');
  return missing.length === 0
    ? { ok: true, detail: 'Everything that kernel targets need is installed.' }
    : { ok: false, detail: `Missing: ${missing.join(', ')}.`, fix: installCommand(missing) };
}

/** Emulation is slower, not wrong, so no answer here is a failure. */
async function acceleration(cacheDir: string): Promise<Answer> {
  if (!(await exists('/dev/kvm'))) {
    return { ok: true, detail: 'There is no /dev/kvm; guests are emulated.' };
  }
  const answer = await rememberedAccelerator(cacheDir, X86_64);
  return {
    ok: true,
    detail: answer === undefined ? 'Not tried yet; the first guest tells.' : `${answer.accelerator}: ${answer.reason}`,
  };
}

async function kits(tool: string, cacheDir: string): Promise<Answer> {
  const ready = await kernelsReady(cacheDir);
  return ready.length > 0
    ? { ok: true, detail: `Ready in ${cacheDir}: ${ready.join(', ')}.` }
    : { ok: true, detail: `None yet; the first run makes one, or: ${tool} prepare kernel:6.12` };
}

/** The kernels whose root is in the cache: everything else of their kits is made in seconds. */
export async function kernelsReady(cacheDir: string = defaultCacheDir()): Promise<readonly string[]> {
  return layersReady(cacheDir, knownKernels(), (series) => `root-${series}`);
}

async function diskSpace(cacheDir: string): Promise<Answer> {
  let existing = cacheDir;
  while (!(await exists(existing))) {
    existing = path.dirname(existing);
  }
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB free in ${existing}.`;
  return free >= WANTED_FREE_BYTES
    ? { ok: true, detail }
    : {
        ok: false,
        detail,
        fix: `Free ${String(WANTED_FREE_BYTES / 1e9)} GB there, or set XDG_CACHE_HOME to another place.`,
      };
}
