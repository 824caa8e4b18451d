import { readFileSync } from 'node:fs';

/** `USER_HZ`, the unit of times in /proc: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Where user and system time of the waited-for children stand behind the name: fields 16 and 17 of proc(5). */
const CHILDREN = [13, 14] as const;

/**
 * Processor time of all children of this process that have ended, and of all that these waited for in turn, in seconds, in steps
 * of 10 ms. It is what `times(2)` calls the time of the children; Node has no function for it, and the kernel adds it up
 * from exact times, so that short-lived processes count too. What nobody waited for is missing: the targets of a
 * run are waited for by the run.
 */
export function childrenProcessorSeconds(): number {
  return childrenSeconds(readFileSync('/proc/self/stat', 'latin1'));
}

/** The same from the text of a /proc/PID/stat. */
export function childrenSeconds(stat: string): number {
  // The name, in parentheses, may hold anything, also spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = CHILDREN.reduce((sum, field) => sum + Number(fields[field]), 0);
  if (!Number.isFinite(ticks)) throw new Error('bench: /proc/self/stat is not as proc(5) has it');
  return ticks / TICKS_PER_SECOND;
}
