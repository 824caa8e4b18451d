import { styleText } from 'node:util';
import type { Paint } from '../reports/format.ts';

/** Prints a line for people. Standard output is kept for machines. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Colours for standard error; `styleText` leaves them out when it is no terminal, and with NO_COLOR. */
export const paint: Paint = (style, text) => styleText(style, text, { stream: process.stderr });

/** Prints one JSON document for machines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** A reader that has seen enough (`| head`) closes the pipe; that is its right, and no crash. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
