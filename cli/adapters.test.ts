import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../reports/read-journal.ts';
import { spawnCli, temporaryDirectory } from '../tools/testing/spawn-cli.ts';

const MISBEHAVING = fileURLToPath(new URL('../tools/testing/misbehaving-adapter.ts', import.meta.url));
const SIMULATOR = fileURLToPath(new URL('../adapters/simulator/main.ts', import.meta.url));

/** Long enough for a program to start on a busy machine, short enough to wait for one that hangs. */
const TIMEOUT = '4s';

const command = (mode: string): string => `'${process.execPath}' '${MISBEHAVING}' ${mode}`;

const run = (directory: string, ...args: readonly string[]) => {
  const about = ['--property', 'lockstep', '--seed', '1', '--shrink-time', '1s'];
  return spawnCli(directory, ['run', ...about, '--out', 'o', ...args]);
};

interface Misbehaviour {
  readonly mode: string;
  readonly verdict: 'pass' | 'fail' | 'errored' | 'skipped';
  readonly exitCode: 0 | 1 | 3;
  /** What is said of it. */
  readonly sentence: string;
  readonly timeout?: string;
  readonly programs?: number;
  /** The most memory that the suite's process may have used, in MiB. */
  readonly memory?: number;
}

const errored = (mode: string, sentence: string, more: Partial<Misbehaviour> = {}): Misbehaviour => {
  return { mode, verdict: 'errored', exitCode: 3, sentence, ...more };
};
const passes = (mode: string): Misbehaviour => {
  return { mode, verdict: 'pass', exitCode: 0, sentence: 'pass: every program behaved as the contract says' };
};
const GARBAGE = 'The target sent a line that is no message of the protocol: ';
const AGAIN = 'started again, and it came to the same in the same program, run alone';
const GIVEN_UP = 'The target was given up: it was started 3 times in a row without answering a program. ';

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  passes('logs-to-stderr'),
  passes('is-late'),
  passes('cannot-be-ended'),
  errored(
    'logs-to-stdout',
    `${GARBAGE}it is not JSON: DEBUG: running some programs. Only messages of the protocol belong`,
  ),
  errored('prints-garbage', `${GIVEN_UP}${GARBAGE}it is not JSON: \\x00\\x07`),
  errored('prints-colours', `${GARBAGE}it is not JSON: \\x1b[2J\\x1b[31mRED`),
  errored('prints-no-utf8', 'The target sent a line that is not UTF-8: '),
  errored('prints-a-gigabyte', 'The target sent a line of more than 64 MiB: xxx', { memory: 450 }),
  errored('prints-for-ever', 'The target sent `stopped`, which nothing had asked for', { memory: 450 }),
  errored(
    'dies-at-start',
    'did not answer `start`: The target ended by itself (exit code 7).\nIts last lines:\nTraceback',
  ),
  errored('dies-at-configure', 'The target did not answer `configure`: The target ended by itself (exit code 7).'),
  errored('dies-at-run', `${GIVEN_UP}The target ended by itself (exit code 7).`),
  errored(
    'dies-now-and-then',
    'ended by itself (exit code 7). That was while it had a program to run; it was started again, and the program then passed',
  ),
  errored('is-killed-now-and-then', 'The target was ended by SIGKILL. That was while'),
  errored(
    'dies-of-mprotect',
    `The target ended by itself (exit code 7). That was while it had a program to run; it was ${AGAIN}`,
  ),
  errored('ends-in-half-a-line', 'the last line of its standard output is unfinished: {"seq":2,"index":0,"result":'),
  errored('hangs-at-start', 'did not answer `start`: The target was silent for 12 s. An adapter flushes', {
    timeout: TIMEOUT,
  }),
  errored('hangs-at-configure', 'did not answer `configure`: The target was silent for 4 s.', { timeout: TIMEOUT }),
  errored('hangs-at-run', `${GIVEN_UP}The target was silent for 4 s while it had programs to run`, {
    timeout: TIMEOUT,
  }),
  errored('hangs-now-and-then', 'The target was silent for 4 s while it had programs to run. That was', {
    timeout: TIMEOUT,
  }),
  errored('closes-stdout', 'The target closed its standard output and lived on'),
  errored('answers-twice', 'an answer to program 0 of batch 2 twice: each program is answered once'),
  errored('answers-out-of-order', 'an answer to program 31 of batch 2 where program 0 of batch 2 is due'),
  errored('answers-with-another-seq', 'an answer to program 0 of batch 42 where program 0 of batch 2 is due'),
  errored('answers-with-too-few-steps', 'answered with fewer steps than the program has operations'),
  errored('answers-with-too-many-steps', 'answered with more steps than the program has operations'),
  errored('answers-as-if-repeated', 'answered with the result `repeated` to a program that was to be run once'),
  errored('answers-with-a-wrong-field', `${GARBAGE}steps: expected an array, got "none" (and 1 more)`),
  errored('configures-twice', 'The target sent `configured`, which nothing had asked for'),
  errored('lacks-layout', 'claims the level `layout`, but its answer has no `layout` at the end of the program'),
  errored('lacks-frames', 'claims the level `frames`, but none of its 32 answers has `frames`'),
  errored('lacks-callbacks', 'claims the level `callbacks`, but none of its 32 answers has `callbacks`'),
  errored(
    'refuses-the-version',
    'The target refused `start`: I speak version 3 only. This is version 4 of the protocol',
  ),
  errored('starts-with-another-version', 'version: expected 4, got 3'),
  errored('claims-an-unknown-operation', 'operations[48]: expected "open"'),
  errored('has-an-unknown-kernel', 'Linux banana is not supported'),
  errored('refuses-to-run', 'The target sent a refusal of what it was sent: not today'),
  errored('errs-always', 'errored: the device is gone'),
  {
    mode: 'refuses-the-contract',
    verdict: 'skipped',
    exitCode: 3,
    sentence: 'skipped: there is no such device here',
  },
  { mode: 'skips-always', verdict: 'skipped', exitCode: 3, sentence: 'skipped: too difficult' },
  {
    mode: 'claims-what-it-lacks',
    verdict: 'fail',
    exitCode: 1,
    sentence: 'observed outcome: {"errno":"ENOSYS"}',
    programs: 12,
  },
];

/** The most memory that a process has used so far, in MiB; 0 when it has ended. */
function peakMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

describe.concurrent('an adapter that misbehaves', () => {
  it.each(MISBEHAVIOURS)('$mode: $verdict', async ({ mode, verdict, exitCode, sentence, ...more }) => {
    const directory = temporaryDirectory();
    const { timeout, programs = 100, memory = Infinity } = more;
    const args = ['--contract', 'lkmc_mmap', '--adapter', command(mode), '--programs', String(programs)];
    const running = run(directory, ...args, ...(timeout === undefined ? [] : ['--timeout', timeout]));
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, peakMemory(running.pid ?? 0))), 20);
    const result = await running;
    clearInterval(watch);
    expect(result.stderr).toContain(sentence);
    expect(result.exitCode).toBe(exitCode);
    const { entries, footer } = readJournal(join(directory, 'o', 'journal.jsonl'));
    expect(entries.filter(({ type }) => type === 'result')).toMatchObject([{ verdict }]);
    expect(footer).toMatchObject({ verdict, exitCode });
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(memory);
  });
});

it('adapters alone are what is run, and the command that replays a counterexample can be pasted', async () => {
  const directory = temporaryDirectory();
  const adapter = `'${process.execPath}' "${SIMULATOR}" --mutant read-ignores-position`;
  const { stderr, exitCode } = await run(
    directory,
    '--adapter',
    adapter,
    '--programs',
    '30',
    '--contract',
    'pages_mmap',
  );
  expect(exitCode).toBe(1);
  expect(readJournal(join(directory, 'o', 'journal.jsonl')).header.targets).toEqual([`adapter:${adapter}`]);
  const replay = /^replay: .*? (replay .*)$/m.exec(stderr)?.[1] ?? '';
  // What a shell makes of it is what the program gets.
  const { stdout } = await execa('sh', ['-c', `printf '%s\\n' ${replay}`]);
  const words = stdout.split('\n');
  expect(words.slice(2)).toEqual(['--target', `adapter:${adapter}`]);
  const replayed = await spawnCli(directory, words);
  expect(replayed.stderr).toMatch(/^> .* breaks /m);
  expect(replayed.exitCode).toBe(1);
  const right = await spawnCli(directory, [...words.slice(0, 2), '--adapter', `node ${SIMULATOR}`]);
  expect(right.exitCode).toBe(0);
});

it('a replay on an adapter that breaks is errored, with the sentence', async () => {
  const program = fileURLToPath(new URL('../properties/corpus/lkmc-user-space-test.json', import.meta.url));
  const replayed = await spawnCli(temporaryDirectory(), ['replay', program, '--adapter', command('dies-at-run')]);
  expect(replayed.stderr).toContain('The target ended by itself (exit code 7)');
  expect(replayed.exitCode).toBe(3);
});
