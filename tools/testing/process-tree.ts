import { readdirSync, readFileSync } from 'node:fs';

/** A process as /proc shows it. Its start tells it from a later one with the same id. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: number;
  /** Its arguments, joined by spaces. */
  readonly command: string;
}

/** The processes below this one, for tests that look at what a run started and at what it leaves behind. */
export function processesBelow(pid: number): RunningProcess[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (look(Number(name)) ?? []) : []));
  const below = new Set([pid]);
  // A child may have a lower id than its parent, so this goes on until nothing is added.
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const process of all) if (below.has(process.parent)) below.add(process.pid);
  }
  return all.filter((process) => process.pid !== pid && below.has(process.pid));
}

/** Those of the processes that still run. */
export function stillRunning(processes: readonly RunningProcess[]): RunningProcess[] {
  return processes.filter(({ pid, startedAt }) => look(pid)?.startedAt === startedAt);
}

/** Undefined for a process that has ended, whether or not its parent has noticed. */
function look(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; the fields behind it are numbers.
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === undefined || 'ZX'.includes(state)) return undefined;
    const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'latin1')
      .replaceAll('\0', ' ')
      .trim();
    return { pid, parent: Number(parent), startedAt: Number(rest[17]), command };
  } catch {
    return undefined;
  }
}
