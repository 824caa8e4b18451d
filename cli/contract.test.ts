import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadContract } from '../spec/io/load.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const directory = temporaryDirectory();
const valid = loadContract('pages_mmap');

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

describe('contract check', () => {
  it('says what a contract means', async () => {
    const { exitCode, stdout, stderr } = await spawnCli(directory, ['contract', 'check', 'pages_mmap', '--json']);
    expect(stderr).toContain('The device has one buffer of 4 pages, which every open shows, all zero at first');
    expect(stderr).toContain('write reaches 16384 bytes, at the position, which moves on');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, name: 'pages_mmap' });
  });

  it('takes a module in TypeScript, whose types Node strips', async () => {
    const source = `interface Any { readonly version: number }\nexport const contract: Any = ${JSON.stringify(valid)};\n`;
    expect(await spawnCli(directory, ['contract', 'check', file('mine.ts', source)])).toMatchObject({ exitCode: 0 });
  });

  it('names every wrong field by its path, with what is allowed', async () => {
    const wrong = { ...valid, version: 2, fault: 'last', mmap: { ...valid.mmap, pages: 'remap', flags: ['x'] } };
    const given = file('wrong.json', JSON.stringify(wrong));
    const { exitCode, stdout, stderr } = await spawnCli(directory, ['contract', 'check', given, '--json']);
    expect(stderr).toContain('  fault: expected "first" or "offset", got "last"\n');
    expect(stderr).toContain('  mmap.flags[0]: expected "dontexpand" or "dontdump", got "x"\n');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ path: 'fault' }, { path: 'mmap.flags[0]' }] });
  });

  it('asks for a file', async () => {
    const { exitCode, stderr } = await spawnCli(directory, ['contract', 'check']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("'name|file'") as string,
    });
  });
});

const MINE = file('mine.json', JSON.stringify({ ...valid, name: 'mine', node: { ...valid.node, path: '/dev/mine' } }));

describe('a driver of the user’s is refused with a sentence when', () => {
  it.each<[string, string[]]>([
    ['--device says something about a driver, but there is no --module', ['--contract', MINE, '--device', '/dev/mine']],
    ['a driver of your own is described by one contract of your own', ['--module', '.']],
    [
      'the device is /dev/yours, but the contract’s node.path is /dev/mine',
      ['--contract', MINE, '--module', '.', '--device', '/dev/yours'],
    ],
    ['the target sim loads no modules', ['--contract', MINE, '--module', '.', '--target', 'sim']],
    ['parameters of a module are one line', ['--contract', MINE, '--module', '.', '--module-params', 'a=1\nb=2']],
  ])('%s', async (sentence, args) => {
    const { exitCode, stderr } = await spawnCli(directory, ['run', ...args]);
    expect(stderr).toContain(sentence);
    expect(exitCode).toBe(2);
  });
});
