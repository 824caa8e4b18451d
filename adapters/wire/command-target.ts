import { split } from 'shlex';
import { ConformanceError, messageOf } from '../../spec/errors.ts';
import type { Target } from '../../spec/ports/target.ts';
import { alwaysReady } from './always-ready.ts';
import { connectProcess } from './process.ts';

/**
 * What begins the name of a target that is a command: somebody's adapter, or anything that connects its standard input
 * and output to our helper elsewhere (`ssh`, `adb shell`).
 */
export const COMMAND_PREFIXES = ['adapter:', 'exec:'] as const;

/**
 * The target that the name of a command stands for; undefined for a name of another kind.
 *
 * @throws ConformanceError of kind `usage` for a command that cannot be split into words
 */
export function namedCommandTarget(name: string): Target | undefined {
  const prefix = COMMAND_PREFIXES.find((candidate) => name.startsWith(candidate));
  return prefix === undefined ? undefined : commandTarget(name, splitCommand(name.slice(prefix.length)));
}

/** A target that is a command. It is started anew for each session, without a shell, and ends at once when a run is aborted. */
export function commandTarget(name: string, [file, ...args]: readonly [file: string, ...args: string[]]): Target {
  return alwaysReady({ name, connect: (signal) => connectProcess(file, args, signal) });
}

/**
 * The words of a command line, with the quotes of a POSIX shell and nothing else of it: no variables, no patterns, no pipes.
 *
 * @throws ConformanceError of kind `usage` with code `bad-command`
 */
export function splitCommand(command: string): [string, ...string[]] {
  // It stands in reports as it is, and what moves a cursor has no place there.
  if (/\p{Cc}/u.test(command)) throw badCommand(command, 'it contains control characters', {});
  let words: string[];
  try {
    words = split(command);
  } catch (cause) {
    const reason = messageOf(cause).includes('escape') ? 'nothing follows its last backslash' : 'a quote is not closed';
    throw badCommand(command, reason, { cause });
  }
  const [file, ...args] = words;
  if (file === undefined || file === '') throw badCommand(command, 'it names no program', {});
  return [file, ...args];
}

function badCommand(command: string, reason: string, options: { cause?: unknown }): ConformanceError {
  return new ConformanceError('usage', 'bad-command', `${JSON.stringify(command)} is no command: ${reason}`, {
    hint: "a command is split into words as a POSIX shell does, and run without one; for more of a shell give sh -c '…'",
    ...options,
  });
}
