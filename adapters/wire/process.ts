import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ConnectionEnd } from '../../spec/ports/connection.ts';
import { ConformanceError, messageOf } from '../../spec/errors.ts';
import { BadLine, linesOf } from './lines.ts';
import { TextRing } from './text-ring.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What is kept of stderr for error messages: bytes, and of them lines, and of each of these characters. */
const LOG_BYTES = 64 * 1024;
const TAIL_LINES = 40;
const TAIL_LINE_LENGTH = 1000;

/** How long a process may take to end after its stdin was closed, in milliseconds. */
const GRACE_MS = 2000;

/** How long what it has printed may take to arrive after its end: whoever inherited its output may hold it open. */
const DRAIN_MS = 1000;

/** What still runs: nothing of it outlives this process, short of a SIGKILL. */
const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) killGroup(child);
});

/**
 * Starts a program that speaks the protocol on its stdin and stdout; stderr is its log. No shell is involved. It gets a
 * process group of its own, so that Ctrl-C reaches only the suite, which then ends its targets in order, and so that what the
 * program has started ends with it.
 *
 * @param signal ends it at once
 * @throws ConformanceError of kind `target` with code `cannot-start`
 */
export async function connectProcess(file: string, args: readonly string[], signal?: AbortSignal): Promise<Connection> {
  signal?.throwIfAborted();
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  await hasStarted(child, file);
  running.add(child);

  const log = new TextRing(LOG_BYTES);
  child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
  // The target closed its stdin, or its output was taken away; its exit, which follows, says why.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);

  let asked = false;
  let unfinished = '';
  const interrupt = (): void => killGroup(child);
  signal?.addEventListener('abort', interrupt, { once: true });
  const closed = hasEnded(child).then(({ code, signalName }): ConnectionEnd => {
    signal?.removeEventListener('abort', interrupt);
    if (asked) return { reason: 'closed', message: 'closed by the suite' };
    if (signal?.aborted === true) {
      return { reason: 'killed', message: 'The target was ended because the run was interrupted' };
    }
    const rest = unfinished === '' ? '' : `; the last line of its standard output is unfinished: ${unfinished}`;
    if (signalName !== null) return { reason: 'killed', message: `The target was ended by ${signalName}${rest}` };
    return { reason: 'exited', message: `The target ended by itself (exit code ${String(code)})${rest}` };
  });
  return {
    send: (line) => {
      if (child.stdin.writable) child.stdin.write(`${line}\n`);
    },
    lines: outputOf(child, (rest) => {
      unfinished = rest;
    }),
    closed,
    close: async () => {
      asked = true;
      child.stdin.end();
      const timer = setTimeout(() => killGroup(child), GRACE_MS);
      // What cannot even be killed is left behind.
      await Promise.race([closed, sleep(GRACE_MS + 2 * DRAIN_MS, undefined, { ref: false })]);
      clearTimeout(timer);
    },
    kill: () => {
      asked = true;
      killGroup(child);
    },
    consoleTail: () =>
      log
        .tail(TAIL_LINES)
        .split('\n')
        .map((line) => (line.length > TAIL_LINE_LENGTH ? `${line.slice(0, TAIL_LINE_LENGTH)}…` : line))
        .join('\n'),
  };
}

async function hasStarted(child: Child, file: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  child.once('spawn', () => resolve(undefined));
  child.once('error', reject);
  try {
    await promise;
  } catch (cause) {
    const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? messageOf(cause);
    throw new ConformanceError('target', 'cannot-start', `\`${file}\` cannot be started: ${reason}`, {
      hint: 'give the path of a program that can be executed, or a name that the PATH has',
      cause,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program (or it is a script whose interpreter is missing)',
  EACCES: 'it is no program that may be executed',
};

/** Resolves when the process has ended and what it printed has arrived. */
async function hasEnded(child: Child): Promise<{ code: number | null; signalName: NodeJS.Signals | null }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; signalName: NodeJS.Signals | null }>();
  child.once('exit', (code, signalName) => {
    killGroup(child);
    running.delete(child);
    const drained = setInterval(() => {
      if (child.stdout.readableLength > 0) return;
      clearInterval(drained);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, signalName });
    }, DRAIN_MS);
    child.once('close', () => {
      clearInterval(drained);
      resolve({ code, signalName });
    });
  });
  return promise;
}

async function* outputOf(child: Child, onRest: (rest: string) => void): AsyncGenerator<string, void, undefined> {
  try {
    yield* linesOf(child.stdout as AsyncIterable<Buffer>, onRest);
  } catch (error) {
    if (error instanceof BadLine) throw error;
    // It was taken away because the process has ended; `closed` tells why it did.
  }
}

/** Ends the process and all that it has started, as far as that is still in its group. */
function killGroup(child: Child): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
