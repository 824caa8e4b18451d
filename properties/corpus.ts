import { readdirSync, readFileSync } from 'node:fs';
import { ProgramFile } from '../spec/program.ts';

const DIRECTORY = new URL('corpus/', import.meta.url);

/** The stored programs for a contract: scenarios of the device's author, and every counterexample ever found. */
export function corpusFor(contract: string): readonly ProgramFile[] {
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ProgramFile.parse(JSON.parse(readFileSync(new URL(name, DIRECTORY), 'utf8'))))
    .filter((file) => file.contract === contract);
}
