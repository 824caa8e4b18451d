import { execa, ExecaError } from 'execa';
import { childrenProcessorSeconds } from './processor-time.ts';

/** What a process printed and took. */
export interface MeasuredProcess {
  readonly stdout: string;
  /** From its start to its end. */
  readonly wallSeconds: number;
  /** User and system time of it and of all that it waited for. */
  readonly processorSeconds: number;
}

/** Lines of what a process that failed said on standard error. */
const TAIL_LINES = 25;

/**
 * Runs a program to its end. Only one at a time may run, because the processor time is that of all children that ended meanwhile.
 *
 * @throws when it cannot be started or does not end with 0, with what it said
 */
export async function measureProcess(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<MeasuredProcess> {
  const before = childrenProcessorSeconds();
  const begun = performance.now();
  const { stdout } = await execa(file, args, { ...options, stdin: 'ignore' }).catch(explain);
  const wallSeconds = (performance.now() - begun) / 1000;
  return { stdout, wallSeconds, processorSeconds: childrenProcessorSeconds() - before };
}

/** Without what it printed: a report of a run is long, and its sentences for people are on standard error. */
function explain(error: unknown): never {
  if (!(error instanceof ExecaError)) throw error;
  const said = String(error.stderr).trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  throw new Error(`bench: ${error.shortMessage}${said === '' ? '' : `\n${said}`}`);
}
