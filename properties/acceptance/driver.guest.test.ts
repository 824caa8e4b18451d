import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Session } from '../engine/session.ts';
import type { ModuleTargetOptions } from '../../adapters/linux/guest-software.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { umlsReady } from '../../adapters/uml/releases.ts';
import type { DriverFile } from '../../spec/journal.ts';
import { loadContract } from '../../spec/io/load.ts';
import { type Operation, PROGRAM_VERSION } from '../../spec/program.ts';
import type { PropertyName } from '../engine/campaign-types.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';

const TARGET = 'uml:6.1+checks';

let ready: readonly string[];

beforeAll(async () => {
  ready = await umlsReady();
});

/** The texts of the lines that were never reached, without margins. */
function missed(file: DriverFile): readonly string[] {
  return file.never.flatMap(({ text }) => text.map((line) => line.trim()));
}

/** The number of the line of a module's source that has this text, which must be the only one. */
function lineOf(file: string, text: string): number {
  const lines = readFileSync(new URL(`../../kmod/${file}`, import.meta.url), 'utf8').split('\n');
  const at = lines.findIndex((line) => line.trim() === text);
  expect(lines.findLastIndex((line) => line.trim() === text)).toBe(at);
  return at + 1;
}

const PROPERTIES: readonly PropertyName[] = ['lockstep', 'failures'];
const PROGRAMS = 1000;

async function reach(contract: string, options: ModuleTargetOptions = {}): Promise<DriverFile> {
  const target = resolveTarget(TARGET, options);
  const { drivers, troubles, counterexamples } = await tryCampaign(target, contract, PROPERTIES, PROGRAMS);
  expect(troubles).toEqual([]);
  expect(counterexamples).toEqual([]);
  // The guest loads both modules, and has counted in both; only the contract's is of interest.
  expect(drivers.flatMap(({ files }) => files.map(({ file }) => file))).toEqual([`${contract}.c`]);
  const file = drivers[0]?.files[0];
  if (file === undefined) throw new TypeError('there is no entry of the driver');
  expect(file.never.reduce((count, { from, to }) => count + to - from + 1, 0)).toBeGreaterThanOrEqual(
    file.lines.total - file.lines.reached,
  );
  return file;
}

test('all of lkmc_mmap is reached but what no program can reach', async ({ skip }) => {
  skip(!ready.includes(TARGET), `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
  const file = await reach('lkmc_mmap');
  expect(missed(file)).toEqual([
    // The kernel refuses negative positions itself.
    'return -EINVAL;',
    // An open that meets the unloading of the module.
    'pr_info("open\\n");',
    'return -ENODEV;',
  ]);
  const partly = file.partly.map(({ line }) => line);
  expect(partly).toContain(lineOf('lkmc_mmap.c', 'if (pos < 0)'));
  expect(partly).not.toContain(lineOf('lkmc_mmap.c', 'if (!buffer)'));
});

test('all of pages_mmap is reached, with its three ways to allocate, but what a wrong parameter does', async ({
  skip,
}) => {
  skip(!ready.includes(TARGET), `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
  const files: DriverFile[] = [];
  for (const backing of ['vmalloc', 'array', 'kmalloc']) {
    const modules = [{ name: 'pages_mmap', params: `backing=${backing}` }];
    files.push(await reach('pages_mmap', { name: `${TARGET} backing=${backing}`, modules }));
  }
  const [first = new Set<number>(), ...others] = files.map(
    ({ never }) => new Set(never.flatMap(({ from, text }) => text.map((_, offset) => from + offset))),
  );
  const never = others.reduce((both, lines) => both.intersection(lines), first);
  const source = readFileSync(new URL('../../kmod/pages_mmap.c', import.meta.url), 'utf8').split('\n');
  expect([...never].map((line) => source[line - 1]?.trim())).toEqual([
    'return NULL;',
    'pr_err("unknown backing \'%s\'\\n", backing);',
    'return -EINVAL;',
    'pr_err("cannot allocate %u pages\\n", pages);',
    'return -EINVAL;',
  ]);
});

test('counters tell what one program reached, and outlive the module', async ({ skip }) => {
  skip(!ready.includes(TARGET), `its kernel is not compiled; first: mmap-conformance prepare ${TARGET}`);
  const target = await prepared(resolveTarget(TARGET));
  const session = await Session.open(target, loadContract('lkmc_mmap'));
  const reached = async (...ops: Operation[]): Promise<(text: string) => boolean | undefined> => {
    await session.run([{ version: PROGRAM_VERSION, ops }]);
    const [source] = (await target.counting?.read('lkmc_mmap', [session.counters])) ?? [];
    return (text) => source?.lines.find(({ number }) => number === lineOf('lkmc_mmap.c', text))?.reached;
  };
  try {
    expect(session.started.counters).toBe(true);
    const opened = await reached({ op: 'open', actor: 'p0', to: 'd0', access: 'rw' });
    const texts = ['pr_info("release\\n");', 'goto err_put_module;', 'remove_proc_entry(NODE_NAME, NULL);'];
    expect(texts.map(opened)).toEqual([true, false, false]);
    const reloaded = await reached({ op: 'reload', actor: 'p0' });
    expect(texts.map(reloaded)).toEqual([true, false, true]);
  } finally {
    await session.close();
  }
});
