import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';

/** Bytes that a call carries at most, and those of the page. As in `one-page.c`. */
export const DATA_MAX = 16;
export const PAGE = 4096;

/** The calls by number, as in `one-page.c`. */
export const CALLS = { reset: 0, mmap: 1, munmap: 2, load: 3, store: 4, read: 5, write: 6 } as const;
export type Call = keyof typeof CALLS;

const HEADER = 4;
const MESSAGE = HEADER + DATA_MAX;

/** The C program, compiled and running; one call at a time. */
export class OnePage {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #directory: string;
  readonly #request = Buffer.alloc(MESSAGE);
  #received: Buffer = Buffer.alloc(0);
  #answer: ((answer: Buffer) => void) | undefined;

  static async start(): Promise<OnePage> {
    const directory = await mkdtemp(path.join(tmpdir(), 'mmap-conformance-bench-'));
    const binary = path.join(directory, 'one-page');
    const source = path.join(import.meta.dirname, 'one-page.c');
    await execa('gcc', ['-std=c17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', binary, source]);
    return new OnePage(binary, directory);
  }

  private constructor(binary: string, directory: string) {
    this.#directory = directory;
    this.#child = spawn(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  /** What the call returned (a negative number is an error), and the 16 bytes that came with it. */
  async call(call: Call, offset = 0, length = 0, data?: Uint8Array): Promise<{ result: number; data: Buffer }> {
    const request = this.#request;
    request[0] = CALLS[call];
    request[1] = length;
    request.writeUInt16LE(offset, 2);
    if (data !== undefined) request.set(data, HEADER);
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    this.#answer = resolve;
    this.#child.stdin.write(request);
    const answer = await promise;
    return { result: answer.readInt32LE(0), data: answer.subarray(HEADER) };
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
    await rm(this.#directory, { recursive: true, force: true });
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#received.length < MESSAGE) return;
    const answer = this.#received;
    this.#received = Buffer.alloc(0);
    this.#answer?.(answer);
  }
}
