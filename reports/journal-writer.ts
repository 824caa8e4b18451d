import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConformanceError, messageOf } from '../spec/errors.ts';
import type { JournalEntry } from '../spec/journal.ts';

/** Appends entries to a journal, each handed to the kernel before `write` returns, so a killed run loses nothing. */
export interface JournalWriter {
  readonly path: string;
  /** @throws ConformanceError of kind `target` when the disk is full or gone. */
  write(entry: JournalEntry): void;
  close(): void;
}

/** Entries that must survive a loss of power too. */
const PRECIOUS: ReadonlySet<JournalEntry['type']> = new Set(['counterexample', 'footer']);

/**
 * Starts a journal. One that is already there is not touched: it is renamed, with the time of its last entry in its name.
 *
 * @throws ConformanceError of kind `usage` when the place cannot be written.
 */
export function createJournal(path: string): JournalWriter {
  const descriptor = open(path);
  return {
    path,
    write(entry) {
      try {
        writeAll(descriptor, Buffer.from(`${JSON.stringify(entry)}\n`));
        if (PRECIOUS.has(entry.type)) fsyncSync(descriptor);
      } catch (cause) {
        const message = `cannot write the journal ${path}: ${messageOf(cause)}`;
        throw new ConformanceError('target', 'journal', message, { cause });
      }
    },
    close: () => closeSync(descriptor),
  };
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    moveAside(path);
    // Exclusive: a journal that another run makes at this moment is not shared.
    return openSync(path, 'ax');
  } catch (cause) {
    throw new ConformanceError('usage', 'journal', `cannot create the journal ${path}: ${messageOf(cause)}`, {
      hint: 'choose another directory with --out',
      cause,
    });
  }
}

function moveAside(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  const time = status.mtime.toISOString().replaceAll(/[:.]/g, '-');
  renameSync(path, path.replace(/(\.jsonl)?$/, `.${time}$1`));
}

/** A write to a file may be short when the disk is nearly full. */
function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}
