import { mkdirSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { Contract } from '../../spec/contract.ts';
import { CONTRACT_PAGE_FILE, generateContractPage } from './contract-page.ts';
import { generatePage, PAGE_FILE } from './clause-page.ts';
import { JournalEntry } from '../../spec/journal.ts';
import { ProgramFile } from '../../spec/program.ts';
import { Command, Event } from '../../spec/protocol.ts';

/** Where the generated files are kept. */
export const SCHEMAS_DIRECTORY = new URL('../../spec/schemas/', import.meta.url);

const SOURCES: Readonly<Record<string, { title: string; schema: z.ZodType }>> = {
  'contract.json': { title: 'A contract: the description of one device', schema: Contract },
  'program-file.json': { title: 'A program with its contract and its reason', schema: ProgramFile },
  'protocol-command.json': { title: 'One line from the harness to a target', schema: Command },
  'protocol-event.json': { title: 'One line from a target to the harness', schema: Event },
  'journal-entry.json': { title: 'One line of a journal', schema: JournalEntry },
};

/** The JSON Schema files by name, generated from the zod schemas, which are the source. */
export function generateSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SOURCES).map(([file, { title, schema }]) => {
      // Input: what a file or message may hold, before defaults.
      const generated = z.toJSONSchema(schema, { io: 'input' });
      return [file, `${JSON.stringify({ title, ...generated }, undefined, 2)}\n`];
    }),
  );
}

// `npm run generate`: everything that is generated from the sources in `spec/`.
if (import.meta.main) {
  mkdirSync(SCHEMAS_DIRECTORY, { recursive: true });
  for (const [file, text] of generateSchemas()) writeFileSync(new URL(file, SCHEMAS_DIRECTORY), text);
  writeFileSync(PAGE_FILE, generatePage());
  writeFileSync(CONTRACT_PAGE_FILE, generateContractPage());
}
