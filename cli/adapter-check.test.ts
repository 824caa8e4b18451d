import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildHelper } from '../adapters/native/build.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const script = (path: string): string => fileURLToPath(new URL(`../adapters/${path}`, import.meta.url));
const check = (command: string, ...more: readonly string[]) => {
  return spawnCli(temporaryDirectory(), ['adapter', 'check', command, ...more]);
};

describe('an adapter of ours has no problem', () => {
  it.each([
    ['reference', 48],
    ['simulator', 48],
  ])('%s', async (name, operations) => {
    const { exitCode, stdout, stderr } = await check(`'${process.execPath}' ${script(`${name}/main.ts`)}`, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, problems: [], broken: null });
    expect((JSON.parse(stdout) as { started: { operations: string[] } }).started.operations).toHaveLength(operations);
    expect(stderr).toContain('96 of 96 of these programs yield what the reference model yields');
    expect(exitCode).toBe(0);
  });

  it('the helper with memfds', async () => {
    const { exitCode, stderr } = await check(`${await buildHelper()} --memfd`);
    expect(stderr).toMatch(/ok: 0 problems in \d+ programs/);
    expect(exitCode).toBe(0);
  });
});

describe('a problem is a sentence, with what was sent and what came back', () => {
  it.each<[string, 1 | 3, string[]]>([
    ['remembers-programs', 1, ['clean state: A program saw what an earlier one had left behind: `open`']],
    [
      'dies-of-nonsense',
      3,
      ['nonsense: Nothing came back: The target ended by itself (exit code 1)', 'this is no JSON'],
    ],
    ['cannot-be-stopped', 3, ['stop: Nothing came back: It said nothing for 4 s', '    sent:     {"cmd":"stop"}']],
    ['cannot-be-ended', 1, ['stop: It still ran 5 s after it had been told to stop']],
    ['lacks-frames', 1, ['frames: It claims the level `frames`, but none of its answers has `frames`']],
    ['lacks-layout', 1, ['read: The target claims the level `layout`, but its answer has no `layout`']],
    [
      'answers-with-a-wrong-field',
      1,
      ['steps: expected an array, got "none"', 'extra: no such field', '    received: {"seq"'],
    ],
    ['answers-twice', 3, ['where seq 3 and index 0 are due: each program is answered once']],
    ['skips-always', 1, ['fork: It claims the operation `fork`, but skips a program with it (“too difficult”)']],
    [
      'claims-an-unknown-operation',
      1,
      ['start: The line that came back is no message of the protocol: operations[48]'],
    ],
    ['refuses-the-version', 1, ['start: It refused version 4 of the protocol', 'received: {"event":"refused"']],
    [
      'refuses-the-contract',
      1,
      ['note: It does not serve the contract lkmc_mmap: there is no such device', 'none of the contracts'],
    ],
    ['dies-of-mprotect', 3, ['mprotect: Nothing came back: The target ended by itself (exit code 7)']],
    ['hangs-at-start', 3, ['start: Nothing came back: It said nothing for 12 s']],
  ])('%s', async (mode, code, sentences) => {
    const command = `'${process.execPath}' ${script('../tools/testing/misbehaving-adapter.ts')} ${mode}`;
    // Only those that hang are waited for.
    const timeout = mode.startsWith('hangs') || mode === 'cannot-be-stopped' ? '4s' : '30s';
    const { exitCode, stderr } = await check(command, '--contract', 'lkmc_mmap', '--timeout', timeout);
    for (const sentence of sentences) expect(stderr).toContain(sentence);
    expect(exitCode).toBe(code);
  });
});
