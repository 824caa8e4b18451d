import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

/** A machine without a compiler, whose apt-get writes down what it is asked for, and then has the compiler. */
async function bareMachine() {
  const directory = temporaryDirectory();
  const bin = join(directory, 'bin');
  const log = join(directory, 'apt-get.log');
  mkdirSync(bin);
  const { stdout } = await execa('sh', ['-c', 'for tool in ln gcc make as ld; do command -v $tool; done']);
  const [ln = '', ...tools] = stdout.split('\n');
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('apt-get', `echo "$*" >> '${log}'\n[ "$1" = update ] || '${ln}' -sf ${tools.join(' ')} '${bin}'`);
  // For those who run the tests as an ordinary user.
  program('sudo', '[ "$1" = --validate ] || { shift 2; exec "$@"; }');
  const run = (...args: string[]) => spawnCli(directory, args, { PATH: bin });
  const script = (file: string) =>
    execa(process.execPath, [join(import.meta.dirname, file)], { reject: false, env: { PATH: bin } });
  return { run, script, asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

const RUN = ['run', '--target', 'memfd', '--contract', 'lkmc_mmap', '--property', 'corpus', '--seed', '1'];
const INSTALL = 'apt-get install --yes --no-install-recommends gcc make';

it('`run` installs nothing: it says what is missing and the command, and ends with 3', async () => {
  const { run, asked } = await bareMachine();
  const { exitCode, stderr } = await run(...RUN);
  expect(stderr).toContain('Packages are missing: gcc, make');
  expect(stderr).toContain(INSTALL);
  expect(stderr).toMatch(/prepare memfd \(or run again with --install\)$/);
  expect({ exitCode, asked: asked() }).toEqual({ exitCode: 3, asked: [] });
});

it.each([
  ['replay', ['replay', join(import.meta.dirname, '../properties/corpus/cow-and-fork.json'), '--target', 'memfd']],
  ['helper', ['helper']],
])('`%s` does not either', async (_, args) => {
  const { run, asked } = await bareMachine();
  const { exitCode, stderr } = await run(...args);
  expect(stderr).toContain(INSTALL);
  expect({ exitCode, asked: asked() }).toEqual({ exitCode: 3, asked: [] });
});

it.each([
  ['run --install', [...RUN, '--install']],
  ['prepare', ['prepare', 'memfd']],
])('`%s` installs what is missing, and goes on', async (_, args) => {
  const { run, asked } = await bareMachine();
  const { exitCode, stderr } = await run(...args);
  expect(stderr).toContain('Installing gcc, make.');
  expect(asked()).toEqual(['update', 'install --yes --no-install-recommends gcc make']);
  expect(exitCode, stderr).toBe(0);
});

it('nothing is asked for where nothing is missing', async () => {
  const { run, asked } = await bareMachine();
  const { exitCode } = await run('run', '--install', '--target', 'sim', '--property', 'corpus');
  expect({ exitCode, asked: asked() }).toEqual({ exitCode: 0, asked: [] });
});

it('`npm test` says in one message what is missing and what mends that, before any test', async () => {
  const { script, asked } = await bareMachine();
  const { exitCode, stderr } = await script('../tools/vitest/require-test-packages.ts');
  expect(stderr).toMatch(/packages that are not installed: .*\bgcc, make\b/);
  expect(stderr).toContain('npm run conform -- prepare --tests');
  expect({ exitCode, asked: asked() }).toEqual({ exitCode: 3, asked: [] });
});
