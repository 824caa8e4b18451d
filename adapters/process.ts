import { execa } from 'execa';
import { createInterface } from 'node:readline';
import type { Connection, ConnectionEnd } from '../spec/connection.ts';

/** Lines of stderr that are kept for error messages. */
const TAIL_LINES = 40;

/** How long a process may take to end after its stdin was closed, in milliseconds. */
const GRACE_MS = 2000;

/** Starts a program that speaks the protocol on its stdin and stdout; stderr is its log. No shell is involved. */
export function connectProcess(file: string, args: readonly string[]): Connection {
  const child = execa(file, args, {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    // A group of its own, so that Ctrl-C reaches only the suite, which then ends its targets in order.
    detached: true,
    cleanup: true,
  });
  const tail: string[] = [];
  const log = createInterface({ input: child.stderr, crlfDelay: Infinity });
  log.on('line', (line) => {
    tail.push(line.slice(0, 1000));
    if (tail.length > TAIL_LINES) tail.shift();
  });
  child.stdin.on('error', () => {
    // The target closed its stdin; its exit, which follows, says why.
  });
  let asked = false;
  const closed = child.then((result): ConnectionEnd => {
    if (asked) return { reason: 'closed', message: 'closed by the suite' };
    if (result.signal !== undefined) {
      return { reason: 'killed', message: `The target was ended by ${result.signal}` };
    }
    const problem = result.exitCode === undefined ? result.message : `exit code ${String(result.exitCode)}`;
    return { reason: 'exited', message: `The target ended by itself (${problem ?? 'no exit code'})` };
  });
  return {
    send: (line) => {
      if (child.stdin.writable) child.stdin.write(`${line}\n`);
    },
    lines: createInterface({ input: child.stdout, crlfDelay: Infinity }),
    closed,
    close: async () => {
      asked = true;
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
    kill: () => {
      asked = true;
      child.kill('SIGKILL');
    },
    consoleTail: () => tail.join('\n'),
  };
}
