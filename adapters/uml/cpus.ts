import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** How many guests of this process run on each processor. */
const used = new Map<number, number>();

/** A processor for one guest. */
export interface CpuLease {
  readonly number: number;
  release(): void;
}

/**
 * Chooses a processor for a guest: the kernel and its processes are host processes that wait for each other all the time,
 * and wait several times as long if they run on different processors. The one with the fewest guests of this process is
 * taken; different processes begin with different ones.
 */
export function leaseCpu(): CpuLease {
  const cpus = allowedCpus();
  const first = process.pid % cpus.length;
  const ordered = [...cpus.slice(first), ...cpus.slice(0, first)];
  const number = ordered.reduce((best, cpu) => (load(cpu) < load(best) ? cpu : best));
  used.set(number, load(number) + 1);
  let held = true;
  return {
    number,
    release: () => {
      if (held) used.set(number, load(number) - 1);
      held = false;
    },
  };
}

function load(cpu: number): number {
  return used.get(cpu) ?? 0;
}

/** The processors that this process may run on, at least one. */
function allowedCpus(): readonly number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '';
  const cpus = parseCpuList(list);
  return cpus.length > 0 ? cpus : Array.from({ length: availableParallelism() }, (_, index) => index);
}

/** `0-3,8` as numbers. */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    if (first === undefined || last === undefined || range.trim() === '') return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
