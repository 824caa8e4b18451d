import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXCUSED_SKIPS } from './excused-skips.ts';
import { type EndedTest, wrongSkips } from './skips.ts';

const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

const TESTS = `
test('passes', () => {});
test.skip('is late', () => {});
describe('some', () => {
  test('skips itself', ({ skip }) => skip('no kernel'));
});
`;

/** Runs vitest as its command does, with the reporter and excuses for tests of `one.test.js`. */
const PROGRAM = `
const { startVitest } = await import(${JSON.stringify(import.meta.resolve('vitest/node'))});
const { ClosingLineReporter } = await import(${url('./closing-line.ts')});
const [root, pattern, globalSetup, ...excused] = process.argv.slice(1);
const reporters = [new ClosingLineReporter(excused.map((test) => ({ file: 'one.test.js', test, reason: 'a test' })))];
const options = { root, config: false, watch: false, globals: true, reporters, ...(globalSetup && { globalSetup }) };
const vitest = await startVitest('test', [], pattern === '' ? options : { ...options, testNamePattern: pattern });
await vitest.close();
`;

describe('a run with skipped tests', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'closing-line-'));
    await writeFile(join(root, 'one.test.js'), TESTS);
    await writeFile(join(root, 'set-up.js'), "export default () => { throw new Error('not today'); };");
    return () => rm(root, { recursive: true });
  });

  const run = async ({ ci = '', pattern = '', setUp = '' }, ...excused: string[]) => {
    const args = ['--input-type=module', '--eval', PROGRAM, root, pattern, setUp, ...excused];
    const env = { CI: ci, NO_COLOR: '1', VITEST: undefined };
    const { exitCode, stdout } = await execa(process.execPath, args, { env, reject: false });
    return { exitCode, lines: stdout.split('\n') };
  };

  it('says how many, where CI is not set', async () => {
    const { exitCode, lines } = await run({});
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    expect(lines.at(-2)).toMatch(/^time: \d+ s: tests$/);
    expect(exitCode).toBe(0);
  });

  it('counts a set-up that throws as a failure', async () => {
    const { exitCode, lines } = await run({ setUp: './set-up.js' });
    expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
    expect(exitCode).toBe(1);
  });

  it('fails in CI for each that nothing excuses', async () => {
    const { exitCode, lines } = await run({ ci: 'true' });
    expect(lines.slice(-3)).toEqual([
      'one.test.js > is late: skipped, and nothing excuses it',
      'one.test.js > some > skips itself: skipped, and nothing excuses it (no kernel)',
      '1 passed, 2 failed, 2 skipped',
    ]);
    expect(exitCode).toBe(1);
  });

  it('passes in CI when all are excused', async () => {
    const { exitCode, lines } = await run({ ci: 'true' }, 'is late', 'some > skips itself');
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    expect(exitCode).toBe(0);
  });

  it('passes in CI when only some tests were asked for by name', async () => {
    const { exitCode, lines } = await run({ ci: 'true', pattern: 'passes' });
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    expect(exitCode).toBe(0);
  });
});

describe('excuses', () => {
  const ended = (test: string, state: EndedTest['state']): EndedTest => ({ file: 'a.test.ts', test, state });
  const excuse = (test: string, file = 'a.test.ts') => ({ file, test, reason: 'a test' });

  it.each(['passed', 'failed', 'pending'] as const)('do not hold for a test that %s', (state) => {
    expect(wrongSkips([ended('x', state)], [excuse('x')])).toEqual([
      'a.test.ts > x: excused, but not skipped; remove the excuse',
    ]);
  });

  it('do not hold for a test that is not there, and not for a part of its name', () => {
    expect(wrongSkips([ended('x y', 'skipped')], [excuse('x')])).toEqual([
      'a.test.ts > x y: skipped, and nothing excuses it',
      'a.test.ts > x: excused, but not skipped; remove the excuse',
    ]);
  });

  it('hold for files that were not run, and in their own file only', () => {
    expect(wrongSkips([ended('x', 'skipped')], [excuse('x'), excuse('y', 'b.test.ts')])).toEqual([]);
    expect(wrongSkips([ended('x', 'skipped')], [excuse('x', 'b.test.ts')])).toHaveLength(1);
  });

  it('each have a reason, and none is there twice', () => {
    const names = EXCUSED_SKIPS.map(({ file, test }) => `${file} > ${test}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { reason } of EXCUSED_SKIPS) expect(reason).not.toBe('');
  });
});
