import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../engine/session.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { umlsReady } from '../../adapters/uml/releases.ts';
import { loadContract } from '../../spec/io/load.ts';
import type { Observation } from '../../spec/observation.ts';
import type { Operation } from '../../spec/program.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { replayProgram } from '../engine/replay.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

const TARGET = 'uml:6.1+checks';
const HINT = `its kernel takes up to twenty minutes to compile; first: mmap-conformance prepare ${TARGET}`;

/** How long a guest may be silent before it is said to hang, in milliseconds. */
const HANG_MS = 5000;

/** A mistake that a driver makes silently, a program in which it shows, and what has to name it. */
interface Mistake {
  readonly mutant: string;
  readonly ops: readonly Operation[];
  readonly shows: (step: Observation) => boolean;
}

const open: Operation = { op: 'open', actor: 'p0', to: 'd0', access: 'rw' };
const outOfMemory = (nth: number): Operation => ({ ...open, fail: { what: 'allocation', nth } });
const mmap: Operation = {
  op: 'mmap',
  actor: 'p0',
  to: 'm0',
  fd: 'd0',
  length: 4096,
  offset: 0,
  prot: 'rw-',
  type: 'shared',
};
const m0 = { map: 'm0', offset: 0 };
const load: Operation = { op: 'load', actor: 'p0', at: m0, length: 8 };
const store: Operation = { op: 'store', actor: 'p0', at: m0, data: { text: 'x', length: 4096 } };
const munmap: Operation = { op: 'munmap', actor: 'p0', at: m0, length: 4096 };
const read: Operation = { op: 'read', actor: 'p0', fd: 'd0', length: 4 };
const write: Operation = { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'x', length: 8192 } };
const reload: Operation = { op: 'reload', actor: 'p0' };

const reports =
  (pattern: RegExp) =>
  (step: Observation): boolean =>
    step.reports?.some((line) => pattern.test(line)) === true;
const left =
  (what: string) =>
  (step: Observation): boolean =>
    step.remains?.some((one) => one.what === what && one.function === 'lkmc_open' && one.step === 0) === true;

const MISTAKES: readonly Mistake[] = [
  { mutant: 'lkmc-release-double-free', ops: [open], shows: reports(/KASAN: double-free/) },
  { mutant: 'lkmc-release-leaks-page', ops: [open], shows: left('page') },
  { mutant: 'lkmc-release-leaks-bookkeeping', ops: [open], shows: left('object') },
  { mutant: 'lkmc-open-leaks-when-it-fails', ops: [outOfMemory(2)], shows: left('object') },
  {
    mutant: 'lkmc-read-counts-past-its-table',
    ops: [open, read],
    shows: reports(/UBSAN: array-index-out-of-bounds.* in lkmc_read/),
  },
  {
    mutant: 'lkmc-copy-under-lock',
    ops: [open, read],
    shows: reports(/sleeping function called from invalid context.* in lkmc_read/),
  },
  {
    mutant: 'lkmc-open-sleeps-under-lock',
    ops: [open],
    shows: reports(/sleeping function called from invalid context.* in lkmc_open/),
  },
  {
    mutant: 'lkmc-open-uninitialised-lock',
    ops: [open],
    shows: reports(/trying to register non-static key.* in lkmc_open/),
  },
  {
    // A page that was used before is full of what poisons it.
    mutant: 'lkmc-open-uninitialised-page',
    ops: [open, mmap, load],
    shows: ({ outcome }) => 'data' in outcome && outcome.data === '61736466,aa*4',
  },
];

/** Mistakes that end the process that performs the program, or the kernel: what remains of them is in the last words. */
const FATAL: readonly (Omit<Mistake, 'shows'> & { readonly words: RegExp })[] = [
  // Its last reference is dropped twice.
  { mutant: 'lkmc-missing-get-page', ops: [open, mmap, load, munmap], words: /Kernel panic.* in lkmc_/ },
  { mutant: 'lkmc-open-ignores-failed-allocation', ops: [outOfMemory(2)], words: /Kernel panic.* in lkmc_open/ },
];

function mutantTarget(mutant: string) {
  const patch = fileURLToPath(new URL(`../../kmod/mutants/${mutant}.patch`, import.meta.url));
  return resolveTarget(TARGET, { patch, name: mutant });
}

describe(TARGET, () => {
  let ready = false;
  beforeAll(async () => {
    ready = (await umlsReady()).includes(TARGET);
  });

  it.for(MISTAKES)('names what $mutant does silently', async ({ mutant, ops, shows }, { skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget(mutant));
    const program = { version: 2 as const, ops: [...ops] };
    const { steps } = await replayProgram({ target, contract: loadContract('lkmc_mmap'), program });
    expect(steps.filter(({ disagreement }) => disagreement !== undefined)).toHaveLength(1);
    expect(
      steps.some(({ observed }) => shows(observed as Observation)),
      JSON.stringify(steps),
    ).toBe(true);
  });

  it.for(FATAL)('says at once that the kernel dies of $mutant', async ({ mutant, ops, words }, { skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget(mutant));
    const program = { version: 2 as const, ops: [...ops] };
    const { steps } = await replayProgram({ target, contract: loadContract('lkmc_mmap'), program });
    const last = steps.at(-1)?.disagreement;
    expect(last).toMatchObject({ clause: 'HEALTH-01', observed: expect.stringMatching(words) as string });
    expect(last?.observed).toMatch(/^crashed/);
  });

  it('catches lkmc-write-past-the-page, whoever has the page behind it', async ({ skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget('lkmc-write-past-the-page'));
    const program = { version: 2 as const, ops: [open, write] };
    const { steps } = await replayProgram({ target, contract: loadContract('lkmc_mmap'), program });
    const found = steps.find(({ disagreement }) => disagreement !== undefined)?.disagreement;
    expect(found?.clause).toBe('HEALTH-01');
    // A free page is poisoned, and the function is named. Else somebody's memory is written over, and the kernel dies of it later.
    expect(JSON.stringify(found?.observed)).toMatch(/KASAN: .* in lkmc_write|^"crashed: .*Kernel panic/);
  });

  it('catches the use of lkmc-unload-while-in-use after it was unloaded', async ({ skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget('lkmc-unload-while-in-use'));
    const program = { version: 2 as const, ops: [open, mmap, reload, load] };
    const { steps } = await replayProgram({
      target,
      contract: loadContract('lkmc_mmap'),
      program,
      silenceMs: HANG_MS,
    });
    // What lies now where its fault handler was ends the kernel, or yields no page, so that the load faults for ever.
    const observed = expect.stringMatching(
      /^(crashed: .*Kernel panic|hang: .* silent|exited: The kernel ended)/,
    ) as string;
    expect(steps.at(-1)?.disagreement).toMatchObject({ clause: 'HEALTH-01', observed });
  });

  it('says that a read of lkmc-read-never-returns hangs', async ({ skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget('lkmc-read-never-returns'));
    const program = { version: 2 as const, ops: [open, read] };
    const { steps } = await replayProgram({
      target,
      contract: loadContract('lkmc_mmap'),
      program,
      silenceMs: HANG_MS,
    });
    const observed = expect.stringMatching(/^hang: .* silent for 5 s/) as string;
    expect(steps.at(-1)?.disagreement).toMatchObject({ clause: 'HEALTH-01', observed });
  });

  it('names the slab of an object around which a process has stored, when KASAN lets go of it', async ({ skip }) => {
    skip(!ready, HINT);
    const target = await prepared(mutantTarget('lkmc-open-maps-a-slab'));
    const session = await Session.open(target, loadContract('lkmc_mmap'));
    try {
      const programs = Array.from({ length: 64 }, () => ({ version: 2 as const, ops: [open, mmap, store] }));
      const seen = (await session.run(programs)).flatMap((answer) =>
        answer.result === 'observed' ? [...answer.steps, answer.end].flatMap(({ reports: lines = [] }) => lines) : [],
      );
      expect(seen.join('\n')).toMatch(/^BUG kmalloc-2k .*Redzone overwritten$/m);
    } finally {
      session.kill();
    }
  });

  it.for(['lkmc_mmap', 'pages_mmap'])('%s makes no mistake there, whatever fails', async (contract, { skip }) => {
    skip(!ready, HINT);
    const properties: PropertyName[] = ['corpus', 'lockstep', 'failures', 'balance'];
    const { results, counterexamples } = await tryCampaign(resolveTarget(TARGET), contract, properties, 200);
    expect(counterexamples).toEqual([]);
    expect(results.map(({ verdict }) => verdict)).toEqual(properties.map(() => 'pass'));
  });
});
