import { InvalidArgumentError, Option } from 'commander';
import { MOST_INSTANCES } from '../spec/ports/target.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `60s`, `500ms`, `2.5m`, `1h` as milliseconds. A number alone is refused: nobody can tell which unit was meant. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)$/.exec(text);
  const unit = UNITS_MS[match?.[2] ?? ''];
  const milliseconds = unit === undefined ? 0 : Math.round(Number(match?.[1]) * unit);
  if (milliseconds <= 0) throw new InvalidArgumentError('expected a duration such as 60s, 500ms, 5m or 1h.');
  return milliseconds;
}

/** A whole number of at least one. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > Number.MAX_SAFE_INTEGER) throw new InvalidArgumentError('expected a whole number from 1.');
  return count;
}

/** How many instances of a target work at once. */
export function parseJobs(text: string): number {
  const jobs = /^\d+$/.test(text) ? Number(text) : 0;
  if (jobs < 1 || jobs > MOST_INSTANCES) {
    throw new InvalidArgumentError(`expected a whole number from 1 to ${String(MOST_INSTANCES)}.`);
  }
  return jobs;
}

/** The bound of a seed: what the generators take. */
export const SEEDS = 2 ** 31;

/** A seed: a whole number below 2^31. */
export function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : SEEDS;
  if (seed >= SEEDS) throw new InvalidArgumentError('expected a whole number from 0 to 2147483647.');
  return seed;
}

/** Collects an option that may be repeated; the same value twice counts once. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...new Set([...(previous ?? []), value])];
}

/** How long a target may be silent while an answer is due. */
export function timeoutOption(): Option {
  return new Option(
    '--timeout <duration>',
    'how long a target may be silent while an answer is due (default: 30s)',
  ).argParser(parseDuration);
}
