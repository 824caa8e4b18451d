import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EntryOf } from '../reports/entry-of.ts';
import { createJournal } from '../reports/journal-writer.ts';
import type { JournalEntry } from '../spec/journal.ts';
import { PROGRAM_VERSION, type ProgramFile } from '../spec/program.ts';
import { invocation, quote } from './invocation.ts';

/** Keeps what a run finds: in the journal, as program files, and in memory for the reports at the end. */
export interface RunRecorder {
  readonly entries: readonly JournalEntry[];
  /** Appends to the journal; a counterexample also becomes a program file beside it. */
  write(entry: JournalEntry): void;
  /** The command that replays a counterexample of this run. */
  readonly replayCommand: (entry: EntryOf<'counterexample'>) => string;
  close(): void;
}

/**
 * @param contractArguments - how the user named each contract, by the name it has: its path if it is a file
 * @param targetArguments - what has to follow the target's name in a command that replays
 */
export function createRecorder(
  journalPath: string,
  directory: string,
  contractArguments: ReadonlyMap<string, string>,
  targetArguments = '',
): RunRecorder {
  const journal = createJournal(journalPath);
  const entries: JournalEntry[] = [];
  const files = new Map<JournalEntry, string>();
  return {
    entries,
    write(entry) {
      journal.write(entry);
      entries.push(entry);
      if (entry.type !== 'counterexample') return;
      const path = join(directory, `counterexample-${String(files.size + 1)}.json`);
      files.set(entry, path);
      const file = programFile(entry, contractArguments.get(entry.contract) ?? entry.contract);
      writeFileSync(path, `${JSON.stringify(file, undefined, 2)}\n`);
    },
    replayCommand(entry) {
      const what = quote(files.get(entry) ?? entry.token);
      return `${invocation()} replay ${what} --target ${quote(entry.target)}${targetArguments}`;
    },
    close: () => journal.close(),
  };
}

function programFile(entry: EntryOf<'counterexample'>, contract: string): ProgramFile {
  return {
    // The program file must work from any directory.
    contract: contract === entry.contract ? contract : resolve(contract),
    property: entry.property,
    reason: `${entry.property} on ${entry.target}: breaks ${entry.disagreement.clause}`,
    program: { ...entry.program, version: PROGRAM_VERSION },
  };
}
