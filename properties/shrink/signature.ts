import type { Disagreement } from '../../spec/journal.ts';

/**
 * Two failures are the same if they break the same clause on the same level, and in the same function of the driver, where the
 * kernel names one: everything that it reports is of one clause, and so is everything that is left.
 */
export function signature({ clause, level, observed }: Disagreement): string {
  const named = level === 'reports' || level === 'health' ? functionIn(observed) : undefined;
  return named === undefined ? `${level} ${clause}` : `${level} ${clause} ${named}`;
}

/** The function that reports name first, or that has allocated what is left. The last words of a kernel name too many. */
function functionIn(observed: unknown): string | undefined {
  if (!Array.isArray(observed)) return undefined;
  for (const one of observed as readonly unknown[]) {
    if (typeof one === 'string') {
      const named = / in ([\w.]+)(?:\+0x\S+)? \[\w+\]/.exec(one)?.[1];
      if (named !== undefined) return named;
    } else if (typeof one === 'object' && one !== null && 'function' in one) {
      return String(one.function);
    }
  }
  return undefined;
}
