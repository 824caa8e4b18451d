import type { JournalEntry } from '../spec/journal.ts';

/** The journal entry of one type. */
export type EntryOf<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;
