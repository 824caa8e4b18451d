import path from 'node:path';
import { execa } from 'execa';
import { ConformanceError } from '../../spec/errors.ts';

/** How much of a failed command's output an error shows. */
const OUTPUT_LINES = 30;

export interface RunOptions {
  /** What the command does, as the start of an error sentence: "Building the modules". */
  readonly what: string;
  /** A stable error code. */
  readonly code: string;
  readonly hint?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Return what it wrote to stderr as well, in the order in which it came. */
  readonly withMessages?: boolean;
}

/**
 * Runs a command to its end. Its messages are in English whatever the user's locale is, so that they can be searched.
 *
 * @returns what it wrote to stdout, or to both
 * @throws ConformanceError of kind `target` with the last lines of its output
 */
export async function run(command: string, commandArguments: readonly string[], options: RunOptions): Promise<string> {
  const result = await execa(command, commandArguments, {
    all: true,
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C', LANGUAGE: '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal, killSignal: 'SIGKILL' as const }),
  });
  if (result.failed) {
    options.signal?.throwIfAborted();
    const output = result.all.trimEnd().split('\n').slice(-OUTPUT_LINES).join('\n');
    throw new ConformanceError(
      'target',
      options.code,
      `${options.what} failed: ${result.shortMessage ?? command}${output === '' ? '' : `\n${output}`}`,
      options.hint === undefined ? {} : { hint: options.hint },
    );
  }
  return options.withMessages === true ? result.all : result.stdout;
}

const ENTER_ROOT = path.join(import.meta.dirname, 'enter-root.sh');

/** Runs a command in a root to its end, as `run` does. An ordinary user becomes root of a user namespace for it. */
export async function runInRoot(root: string, command: readonly string[], options: RunOptions): Promise<string> {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return run('setpriv', contained(asRoot, ['sh', ENTER_ROOT, root, ...command]), options);
}

/**
 * Puts a command that starts many processes into namespaces of its own. However this process ends, all of them die,
 * so none writes into a directory that somebody else has begun to remove. What they mount vanishes with them.
 *
 * @param unshareOptions further options of `unshare`
 * @returns the arguments of `setpriv`
 */
export function contained(unshareOptions: readonly string[], command: readonly string[]): readonly string[] {
  return [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...unshareOptions,
    ...command,
  ];
}
