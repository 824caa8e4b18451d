import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readJournal } from '../reports/read-journal.ts';
import { ConformanceError } from '../spec/errors.ts';
import { decodeToken, isToken } from '../properties/engine/token.ts';
import { listContracts, loadProgramFile } from '../spec/io/load.ts';
import type { Program } from '../spec/program.ts';

/** A program to replay. */
export interface ReplaySource {
  /** A contract's name or path. */
  readonly contract: string;
  readonly program: Program;
  /** The property that it broke, if that is known. */
  readonly property?: string;
  /** What is known of it, for people. */
  readonly title: string;
}

/**
 * What a person hands to `replay`: a program file, a journal (each of its counterexamples), or a token.
 *
 * @throws ConformanceError of kind `usage` for anything else.
 */
export function findReplaySources(given: string): ReplaySource[] {
  if (given.endsWith('.jsonl')) return fromJournal(given);
  if (existsSync(given) || given.includes('/') || given.endsWith('.json')) return [fromFile(given)];
  if (!isToken(given)) {
    const message = `${JSON.stringify(given)} is neither a file that exists nor a token`;
    throw new ConformanceError('usage', 'nothing-to-replay', message);
  }
  const { contract, program, property } = decodeToken(given);
  return [{ contract, program, property, title: `${property}, from a token` }];
}

function fromFile(path: string): ReplaySource {
  const { contract, program, reason, property } = loadProgramFile(path);
  // A contract's path is relative to the file that names it.
  const isShipped = listContracts().includes(contract);
  return {
    contract: isShipped ? contract : resolve(dirname(path), contract),
    program,
    title: reason,
    ...(property && { property }),
  };
}

function fromJournal(path: string): ReplaySource[] {
  const found = readJournal(path).entries.filter((entry) => entry.type === 'counterexample');
  if (found.length === 0) {
    throw new ConformanceError('usage', 'nothing-to-replay', `${path} has no counterexample to replay`);
  }
  return found.map(({ contract, program, property, target, disagreement }) => {
    return { contract, program, property, title: `${property} on ${target}: breaks ${disagreement.clause}` };
  });
}
