import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFiles } from '../reports/json.ts';
import { ConformanceError, messageOf } from '../spec/errors.ts';

/**
 * The files of a run in its directory: the one that was asked for, or a new one below `out/` named by the time.
 *
 * @throws ConformanceError of kind `usage` when it cannot be made.
 */
export function prepareRunFiles(directory: string | undefined, now: Date): RunFiles & { directory: string } {
  const chosen = directory ?? join('out', now.toISOString().slice(0, 19).replaceAll(':', '-'));
  try {
    mkdirSync(chosen, { recursive: true });
  } catch (cause) {
    throw new ConformanceError('usage', 'out', `cannot create the directory ${chosen}: ${messageOf(cause)}`, {
      hint: 'choose another directory with --out',
      cause,
    });
  }
  return {
    directory: chosen,
    journal: join(chosen, 'journal.jsonl'),
    junit: join(chosen, 'junit.xml'),
    coverage: join(chosen, 'coverage.md'),
  };
}
