import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** A new directory for the files of a test. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'conform-'));
}

/** Starts the real command line, for tests. The promise never rejects: tests look at the exit code. */
export function spawnCli(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(process.execPath, [MAIN, ...args], { reject: false, cwd, env });
}
