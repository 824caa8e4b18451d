import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, ExecaError } from 'execa';
import { ConformanceError, messageOf } from '../../spec/errors.ts';
import { buildLayer, defaultCacheDir, layerKey } from '../linux/cache.ts';
import { MANIFEST } from '../manifest.ts';

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
  const files = await Promise.all(
    (await sourceFiles()).map(async (file) => [file, await readFile(join(folder, file))] as const),
  );
  return layerKey(['helper', await compilerVersion(), variant, MANIFEST.version, files]);
}

function failed(message: string, cause: unknown): ConformanceError {
  return new ConformanceError('target', 'helper-build-failed', message, { hint: HINT, cause });
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
  const { cacheDir = defaultCacheDir(), onProgress = () => undefined } = options;
  const layer = { cacheDir, name: 'helper', key: await keyOf(variant), onProgress };
  const home = await buildLayer(layer, async (target) => {
    onProgress(`Compiling the helper (${variant}).`);
    const goal = variant === 'static' ? 'all' : 'sanitized';
    await execa('make', ['-C', folder, `OUT=${target}`, `VERSION=${MANIFEST.version}`, goal]).catch(
      (error: unknown) => {
        throw explain(error);
      },
    );
  });
  return join(home, variant === 'static' ? 'helper' : 'helper-sanitized');
}
