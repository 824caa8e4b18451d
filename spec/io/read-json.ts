import { readFileSync } from 'node:fs';
import { parse } from '@humanwhocodes/momoa';
import type * as z from 'zod';
import { describeIssue } from './describe-issue.ts';
import { ConformanceError, messageOf } from '../errors.ts';

/** Reads a text file. Throws a `usage` error that names the path and why it cannot be read. */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? messageOf(cause);
    throw new ConformanceError('usage', 'unreadable', `cannot read the ${what} ${path}: ${reason}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

/**
 * Parses JSON. Throws a `usage` error with line and column: `x.json:3:2: not JSON: …`.
 *
 * @param firstLine - the line of `source` on which `text` begins
 */
export function parseJson(text: string, source: string, firstLine = 1): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const { line, column, message } = locate(text, messageOf(cause));
    const where = `${source}:${String(firstLine + line - 1)}:${String(column)}`;
    throw new ConformanceError('usage', 'corrupt-json', `${where}: not JSON: ${message}`, { cause });
  }
}

/** JSON.parse names the place only sometimes; for what it calls unexpected, it comes from a parser that always does. */
function locate(text: string, message: string): { line: number; column: number; message: string } {
  const place = /^(.*?)(?: in JSON)? at position \d+ \(line (\d+) column (\d+)\)$/s.exec(message);
  if (place !== null) return { line: Number(place[2]), column: Number(place[3]), message: place[1] ?? '' };
  if (message.startsWith('Unexpected token')) {
    try {
      parse(text, { mode: 'json' });
    } catch (error) {
      const { line, column } = error as Error & { line: number; column: number };
      return { line, column, message: /^Unexpected token '.*?'/su.exec(message)?.[0] ?? message };
    }
  }
  const lines = text.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1, message: 'the text ends too early' };
}

/** What the schema of a versioned file is checked with. */
export interface Checked<Schema extends z.ZodType> {
  schema: Schema;
  /** What the value is, for sentences: `contract`. */
  what: string;
  /** Where it came from, usually a path. */
  source: string;
}

/** Validates a value. Throws a `usage` error that names each wrong field by its path and says what is allowed. */
export function check<Schema extends z.ZodType>(value: unknown, options: Checked<Schema>): z.infer<Schema> {
  const result = options.schema.safeParse(value);
  if (result.success) return result.data;
  const phrases = result.error.issues.map((issue) => describeIssue(issue, value));
  const shown = phrases.slice(0, 5).join('; ');
  const more = phrases.length > 5 ? `; and ${String(phrases.length - 5)} more` : '';
  const message = `${options.source} is not a valid ${options.what}: ${shown}${more}`;
  throw new ConformanceError('usage', 'invalid-field', message, { cause: result.error });
}

/** Refuses a file of another version with a sentence that says which is read. A missing version is left to `check`. */
export function checkVersion(value: unknown, versions: number | readonly number[], what: string, source: string): void {
  if (typeof value !== 'object' || value === null || !('version' in value)) return;
  const read = [versions].flat();
  if (read.some((version) => version === value.version)) return;
  const given = JSON.stringify(value.version);
  const known = `version${read.length > 1 ? 's' : ''} ${read.join(' and ')}`;
  const message = `${source} is a ${what} of version ${given}, but this release reads ${known}`;
  throw new ConformanceError('usage', 'other-version', message, {
    hint: 'use the release that wrote it, or write it again with this one',
  });
}
