import { ConformanceError } from '../spec/errors.ts';
import { JOURNAL_VERSION, JournalEntry } from '../spec/journal.ts';
import { check, checkVersion, parseJson, readText } from '../spec/io/read-json.ts';
import type { EntryOf } from './entry-of.ts';

/** A journal as it was found. Without a footer the run is `incomplete`, whatever the other entries say. */
export interface Journal {
  readonly path: string;
  readonly header: EntryOf<'header'>;
  /** All entries in order, header and footer included. */
  readonly entries: readonly JournalEntry[];
  readonly footer: EntryOf<'footer'> | undefined;
  /** Whether the last line was cut off, as a kill in the middle of a write leaves it. */
  readonly cutOff: boolean;
}

/**
 * Reads a journal.
 *
 * @throws ConformanceError of kind `usage` for a file that is no journal, or one of another version.
 */
export function readJournal(path: string): Journal {
  return parseJournal(readText(path, 'journal'), path);
}

/** `readJournal` on text; `source` names it in errors. */
export function parseJournal(text: string, source: string): Journal {
  const lines = text.split('\n');
  // What follows the last newline is empty, or the beginning of an entry that never became whole.
  const cutOff = lines.pop() !== '';
  const entries = lines.map((line, index) => parseEntry(line, source, index + 1));
  const header = entries[0];
  if (header?.type !== 'header') {
    const message = `${source} is not a journal: it does not begin with a whole header`;
    throw new ConformanceError('usage', 'no-journal', message);
  }
  const footer = entries.find((entry) => entry.type === 'footer');
  return { path: source, header, entries, footer, cutOff };
}

function parseEntry(line: string, source: string, number: number): JournalEntry {
  const value = parseJson(line, source, number);
  if (number === 1) checkVersion(value, JOURNAL_VERSION, 'journal', source);
  return check(value, { schema: JournalEntry, what: 'journal entry', source: `${source}:${String(number)}` });
}
