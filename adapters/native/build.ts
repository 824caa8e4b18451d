import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, ExecaError } from 'execa';
import { ConformanceError, messageOf } from '../../spec/errors.ts';

export interface BuildHelperOptions {
  /** Where builds are kept; default `$XDG_CACHE_HOME/mmap-conformance` or `~/.cache/mmap-conformance`. */
  cacheDir?: string;
  /** Told what is going on, one line at a time; silent when the helper is in the cache. */
  onProgress?: (message: string) => void;
  /** `sanitized` is the address and undefined behaviour sanitizer build that tests use. */
  variant?: 'static' | 'sanitized';
}

const PACKAGES = 'gcc make libc6-dev';
const HINT = `It needs ${PACKAGES}. On Debian and Ubuntu: sudo apt-get install ${PACKAGES}`;

const folder = fileURLToPath(new URL('.', import.meta.url));

/** The files that decide what the helper is, sorted, so that the same sources have the same key everywhere. */
async function sourceFiles(): Promise<string[]> {
  const sources = await readdir(join(folder, 'src'));
  return ['Makefile', ...sources.filter((name) => /\.[ch]$/.test(name)).map((name) => join('src', name))].sort();
}

async function compilerVersion(): Promise<string> {
  try {
    const { stdout } = await execa('gcc', ['--version']);
    return stdout;
  } catch (cause) {
    throw failed('The helper cannot be built: there is no working gcc.', cause);
  }
}

async function keyOf(variant: string): Promise<string> {
  const hash = createHash('sha256').update(`${await compilerVersion()}\0${variant}\0`);
  for (const file of await sourceFiles()) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(folder, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** An empty variable counts as unset, as the XDG specification has it. */
function cacheHome(): string {
  const named = process.env['XDG_CACHE_HOME'] ?? '';
  return named === '' ? join(homedir(), '.cache') : named;
}

function failed(message: string, cause: unknown): ConformanceError {
  return new ConformanceError('target', 'HELPER_BUILD_FAILED', message, { hint: HINT, cause });
}

/** Turns what make printed into a sentence that names what is missing. */
function explain(error: unknown): ConformanceError {
  if (!(error instanceof ExecaError)) {
    return failed(`The helper cannot be built: ${messageOf(error)}`, error);
  }
  if (error.code === 'ENOENT') {
    return failed('The helper cannot be built: there is no make.', error);
  }
  const output = String(error.stderr);
  if (/cannot find -lc\b|\w+\.h: No such file/.test(output)) {
    return failed('The helper cannot be built: the C library for development, libc6-dev, is missing.', error);
  }
  const tail = output.trim().split('\n').slice(-12).join('\n');
  return failed(`The helper cannot be built:\n${tail}`, error);
}

/**
 * Compiles the helper, unless the cache has it, and returns the path of the binary. Concurrent calls, also of other
 * processes, do not disturb each other.
 *
 * @throws {ConformanceError} when a tool or a library is missing, or the compiler fails.
 */
export async function buildHelper(options: BuildHelperOptions = {}): Promise<string> {
  const variant = options.variant ?? 'static';
  const cache = options.cacheDir ?? join(cacheHome(), 'mmap-conformance');
  const home = join(cache, `helper-${await keyOf(variant)}`);
  const binary = join(home, variant === 'static' ? 'helper' : 'helper-sanitized');
  if (await exists(binary)) {
    return binary;
  }
  options.onProgress?.(`Compiling the helper (${variant}) into ${home}`);
  const draft = `${home}.${randomUUID()}`;
  try {
    await mkdir(draft, { recursive: true });
    await execa('make', ['-C', folder, `OUT=${draft}`, variant === 'static' ? 'all' : 'sanitized']);
    await rename(draft, home).catch(async (error: unknown) => {
      // Somebody else was faster, which is just as good.
      if (!(await exists(binary))) {
        throw error;
      }
    });
  } catch (error) {
    throw explain(error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return binary;
}
