import type { Verdict } from '../spec/journal.ts';
import { escapeControls } from './escape.ts';

/** Styles a text for a terminal, or leaves it alone. */
export type Paint = (style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string) => string;

/** For streams that are no terminal. */
export const plain: Paint = (_style, text) => text;

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Milliseconds as `250 ms`, `12.3 s` or `4 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${String(Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}

/** Data of a target on one line: strings as they are, the rest as JSON, control characters visible. */
export function formatValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  return escapeControls(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\n', '\\n');
}

/** A verdict in its colour. */
export function paintVerdict(verdict: Verdict, paint: Paint, text: string = verdict): string {
  if (verdict === 'pass') return paint('green', text);
  return paint(verdict === 'fail' || verdict === 'errored' ? 'red' : 'yellow', text);
}

/** Milliseconds for a column of a table: `250 ms`, `12.3 s` or `4.1 min`. */
export function formatMinutes(milliseconds: number): string {
  return milliseconds < 60_000 ? formatDuration(milliseconds) : `${(milliseconds / 60_000).toFixed(1)} min`;
}

/** Words after a prefix, divided by commas, in lines of at most so many characters as long as no word is longer. */
export function wrapList(prefix: string, words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [index, word] of words.entries()) {
    const text = index === words.length - 1 ? word : `${word},`;
    const last = lines.at(-1);
    if (last === undefined) lines.push(prefix + text);
    else if (last.length + 1 + text.length <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(' '.repeat(prefix.length) + text);
  }
  return lines;
}

/** How a table is made to fit, and to look. */
export interface TableOptions {
  /** Characters that a line may have. */
  readonly width?: number;
  /** Columns that lose the middle of their texts where the table would be wider. */
  readonly shortened?: readonly number[];
  /** Colours a cell, which has all its blanks already; row 0 is the head. */
  readonly style?: (text: string, row: number, column: number) => string;
}

/** No text is made shorter than that. */
const SHORTEST = 8;

/** Columns of text; numbers (anything that begins with a digit) to the right. The first row is the head. */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { width = Infinity, shortened = [], style = (text: string) => text } = options;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => (widths[column] = Math.max(widths[column] ?? 0, text.length)));
  }
  const gaps = 2 * (widths.length - 1);
  for (let excess = sum(widths) + gaps - width; excess > 0; excess -= 1) {
    const widest = shortened.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), shortened[0] ?? 0);
    if ((widths[widest] ?? 0) <= SHORTEST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const numeric = widths.map((_, column) => rows.slice(1).every((row) => /^[\d,./]*$/.test(row[column] ?? '')));
  return rows.map((row, line) =>
    row
      .map((text, column) => {
        const room = widths[column] ?? 0;
        const fitting = withoutMiddle(text, room);
        return style(numeric[column] === true ? fitting.padStart(room) : fitting.padEnd(room), line, column);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Both ends of a text tell more than its beginning alone: `adapter:pyth…/device.py`. */
function withoutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - end)}…${text.slice(text.length - end)}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
