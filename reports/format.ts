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

/** Columns of text; numbers (anything that begins with a digit) to the right. The first row is the head. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => (widths[column] = Math.max(widths[column] ?? 0, text.length)));
  }
  const numeric = widths.map((_, column) => rows.slice(1).every((row) => /^[\d,.]*$/.test(row[column] ?? '')));
  return rows.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return numeric[column] === true ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
