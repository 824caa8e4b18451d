import type { DriverFile } from '../spec/journal.ts';
import { escapeControls } from './escape.ts';

/** One line on what of a source file was reached: `a.c: 61 of 63 lines, 88 of 92 branches; never: 131-133`. */
export function describeDriverFile({ file, lines, branches, never, partly }: DriverFile): string {
  const parts = [
    `${escapeControls(file)}: ${ofTotal(lines)} lines, ${ofTotal(branches)} branches`,
    ...(never.length > 0 ? [`never: ${never.map(describeRange).join(', ')}`] : []),
    ...(partly.length > 0 ? [`not in every way: ${partly.map(({ line }) => line).join(', ')}`] : []),
  ];
  return parts.join('; ');
}

/**
 * The lines that were never reached, with their numbers; a blank line between ranges. Those that were left in not all of their
 * ways are among them, marked with a tilde.
 */
export function listMissedLines({ never, partly }: DriverFile): string[] {
  const ranges = [
    ...never.map(({ from, text }) => ({ from, lines: text.map((line, offset) => listLine(from + offset, ' ', line)) })),
    ...partly.map(({ line, text }) => ({ from: line, lines: [listLine(line, '~', text)] })),
  ].toSorted((a, b) => a.from - b.from);
  return ranges.flatMap(({ lines }, index) => [...(index > 0 ? [''] : []), ...lines]);
}

function listLine(number: number, mark: string, text: string): string {
  return `${String(number).padStart(5)} ${mark} ${escapeControls(text.replaceAll('\t', '    '))}`.trimEnd();
}

function ofTotal({ reached, total }: DriverFile['lines']): string {
  return `${String(reached)} of ${String(total)}`;
}

function describeRange({ from, to }: DriverFile['never'][number]): string {
  return from === to ? String(from) : `${String(from)}-${String(to)}`;
}
