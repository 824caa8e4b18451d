import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const directory = temporaryDirectory();

function file(name: string, content: unknown): string {
  writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

const program = { contract: 'lkmc_mmap', reason: 'test', program: { version: 2, ops: [{ op: 'opn', actor: 'p0' }] } };

describe('wrong usage ends with exit code 2 and one sentence that says what is allowed', () => {
  it.each<[string, string[]]>([
    ['no command was given; known are: run,', []],
    ['unknown command "rum" (did you mean run?); known are: run,', ['rum']],
    ['unknown option "--tagret" (did you mean --target?); known are: --target,', ['run', '--tagret', 'sim']],
    ['unknown target "simm" (did you mean sim?); known are: sim, sim:5.10,', ['run', '--target', 'simm']],
    ['unknown target "kernel:9.9"', ['prepare', 'kernel:9.9']],
    ['unknown contract "lkm" (did you mean lkmc_mmap?)', ['run', '--contract', 'lkm']],
    ['unknown property "lock" (did you mean lockstep?)', ['run', '--property', 'lock']],
    [
      "option '--programs <number>' argument '0' is invalid. expected a whole number from 1",
      ['run', '--programs', '0'],
    ],
    ["option '--time <duration>' cannot be used with", ['run', '--programs', '1', '--time', '1s']],
    ["required option '--target <name>' or '--adapter <command>' not specified", ['replay', 'x.json']],
    ['"x \\"y" is no command: a quote is not closed', ['run', '--adapter', 'x "y']],
    ['"" is no command: it names no program', ['run', '--adapter', '']],
    ['"\\u001b[2J" is no command: it contains control characters', ['run', '--target', 'exec:\u001b[2J']],
    ['cannot read the program file x.json: there is no such file', ['replay', 'x.json', '--target', 'sim']],
    [
      "'--adapter <command>' cannot be used with option '--target <name>'",
      ['replay', 'x', '--target', 'a', '--adapter', 'b'],
    ],
    ['"x" is neither a file that exists nor a token', ['replay', 'x', '--target', 'sim']],
    ['broken.json:1:2: not JSON', ['replay', file('broken.json', '{'), '--target', 'sim']],
    ['program.ops[0].op: expected "open"', ['replay', file('wrong.json', program), '--target', 'sim']],
    ['is a journal of version 9', ['replay', file('j.jsonl', '{"type":"header","version":9}\n'), '--target', 'sim']],
    ['mmap: expected an object, got 1', ['run', '--contract', file('contract.json', { version: 1, mmap: 1 })]],
  ])('%s', async (sentence, args) => {
    const { exitCode, stdout, stderr } = await spawnCli(directory, args);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^error: /m);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

it('help and version are no errors', async () => {
  expect(await spawnCli(directory, ['run', '--help'])).toMatchObject({ exitCode: 0, stderr: '' });
  const { exitCode, stdout } = await spawnCli(directory, ['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
  expect(exitCode).toBe(0);
});
