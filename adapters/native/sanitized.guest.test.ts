import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { ProgramArbitrary, programNumber, surroundingsOf } from '../../properties/generate/program.ts';
import { loadContract } from '../../spec/io/load.ts';
import type { Program } from '../../spec/program.ts';
import { type CpioEntry, packCpio } from '../linux/cpio.ts';
import { connectTo } from '../linux/guest.ts';
import { kernelRelease } from '../linux/releases.ts';
import { debianKernel } from '../linux/root.ts';
import { type Kit, prepareKit } from '../qemu/kit.ts';
import type { Machine } from '../qemu/machine.ts';
import { bootMachine } from '../qemu/saved-state.ts';
import { Session } from '../../properties/engine/session.ts';
import { buildHelper } from './build.ts';

/** What sanitizers print, on standard error, which is the guest's console. */
const REPORT = /Sanitizer|runtime error:/;

/** The image is larger than others, and is booted from the start. Milliseconds. */
const BOOT_DEADLINE_MS = 300_000;

const PROGRAMS = 40;
const SEED = 1;
const REPEATED = 5;

/** What a dynamically linked program needs besides itself, each file where the loader looks for it, parents first. */
async function librariesOf(program: string): Promise<CpioEntry[]> {
  const { stdout } = await execa('ldd', [program]);
  const files = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file = '']) => file.slice(1));
  const directories = new Set(files.flatMap(parentsOf).sort());
  return [
    ...[...directories].map((name) => ({ kind: 'directory', path: name, mode: 0o755 }) as const),
    ...(await Promise.all(files.map((file) => executable(file, `/${file}`)))),
  ];
}

function parentsOf(file: string): string[] {
  const parent = path.posix.dirname(file);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

async function executable(name: string, file: string): Promise<CpioEntry> {
  return { kind: 'file', path: name, mode: 0o755, content: await readFile(file) };
}

let kit: Kit;
beforeAll(async () => {
  const sanitized = await buildHelper({ variant: 'sanitized' });
  const ordinary = await prepareKit({
    source: debianKernel(kernelRelease('6.12')),
    helper: await buildHelper(),
    onProgress: () => undefined,
  });
  const directory = await mkdtemp(path.join(tmpdir(), 'sanitized-'));
  // The kernel unpacks one archive after the other, so the second helper replaces the first.
  const archives = [
    await readFile(ordinary.boot.initramfsPath),
    packCpio([...(await librariesOf(sanitized)), await executable('helper', sanitized)]),
  ];
  const initramfsPath = path.join(directory, 'initramfs.cpio');
  await writeFile(initramfsPath, Buffer.concat(archives));
  kit = { ...ordinary, boot: { ...ordinary.boot, initramfsPath } };
  return () => rm(directory, { recursive: true });
});

/**
 * Programs without limits, under which the sanitizers' own code fails: it maps memory and opens files when it likes. Nor does
 * the helper have a zone without end beside it.
 */
function programsFor({ contract, profile, started }: Session): Program[] {
  const all = surroundingsOf(contract, profile, started);
  const surroundings = {
    ...all,
    settings: new Set<never>(),
    kernel: { ...profile, facts: { ...profile.facts, mapPages: profile.facts.zonePages } },
  };
  const arbitrary = new ProgramArbitrary(surroundings);
  return Array.from({ length: PROGRAMS }, (_, index) => programNumber(arbitrary, SEED, index));
}

test.for(['lkmc_mmap', 'pages_mmap'])('sanitizers find no mistake of the helper in a guest: %s', async (contract) => {
  const machines: Machine[] = [];
  const session = await Session.open(
    {
      name: 'kernel:6.12, sanitized',
      ownsKernel: true,
      connect: async (signal) => {
        const machine = await bootMachine({ ...kit, ...(signal && { signal }) }, BOOT_DEADLINE_MS);
        machines.push(machine);
        return connectTo(machine, signal);
      },
    },
    loadContract(contract),
    { silenceMs: BOOT_DEADLINE_MS },
  );
  const said = (): string => machines.map((machine) => machine.console.text()).join('\n');
  try {
    const programs = programsFor(session);
    const answers = [
      ...(await session.run(programs)),
      ...(await session.run(programs.slice(0, 8), { everyLayout: true })),
    ];
    const repeated = await session.run(programs.slice(0, 4), { repeat: REPEATED });
    expect(said()).not.toMatch(REPORT);
    expect(answers.filter(({ result }) => result !== 'observed')).toEqual([]);
    expect(repeated.map(({ result }) => result)).toEqual(programs.slice(0, 4).map(() => 'repeated'));
  } catch (error) {
    throw new Error(`The guest said:\n${said()}`, { cause: error });
  } finally {
    session.kill();
  }
});
