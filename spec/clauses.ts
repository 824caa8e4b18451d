import type { Contract } from './contract.ts';
import { accessClauses } from './clauses/access.ts';
import { adviceClauses } from './clauses/advice.ts';
import type { Clause, ClauseFacts, Version } from './clauses/clause.ts';
import { descriptorsClauses } from './clauses/descriptors.ts';
import { mappingsClauses } from './clauses/mappings.ts';
import { observedClauses } from './clauses/observed.ts';
import { placingClauses } from './clauses/placing.ts';
import { processesClauses } from './clauses/processes.ts';
import { transfersClauses } from './clauses/transfers.ts';

export type { Clause, ClauseFacts } from './clauses/clause.ts';

/** All clauses by area, in the order in which people read them. */
export const AREAS = [
  ['Descriptors', descriptorsClauses],
  ['Transfers', transfersClauses],
  ['Mappings', mappingsClauses],
  ['Access', accessClauses],
  ['Pages in place', placingClauses],
  ['Advice and locks', adviceClauses],
  ['Processes and the module', processesClauses],
  ['What can be seen', observedClauses],
] as const satisfies readonly (readonly [title: string, clauses: readonly Clause[]])[];

/** The id of a clause that there is. */
export type ClauseId = (typeof AREAS)[number][1][number]['id'];

const all: readonly Clause[] = AREAS.flatMap(([, clauses]): readonly Clause[] => clauses);

/** All clauses by id. */
export const CLAUSES: ReadonlyMap<string, Clause> = new Map(all.map((entry) => [entry.id, entry]));

/** The clauses that a run on a target with these levels can exercise. */
export function applicableClauses(
  contract: Contract,
  facts: ClauseFacts,
  levels: readonly string[],
): readonly Clause[] {
  return all.filter(
    (entry) => isSeen(entry, facts, levels) && isExercised(entry, facts) && applies(entry, contract, facts),
  );
}

function isSeen({ seen }: Clause, facts: ClauseFacts, levels: readonly string[]): boolean {
  if (seen === 'reports') return levels.includes('callbacks');
  return seen === 'memory' ? facts.repeat : levels.includes(seen);
}

function isExercised({ by, setting }: Clause, { operations, settings }: ClauseFacts): boolean {
  if (setting !== undefined && !settings.includes(setting)) return false;
  return by === undefined || by.some((operation) => operations.includes(operation));
}

function applies({ since, before, applies: predicate }: Clause, contract: Contract, facts: ClauseFacts): boolean {
  if (since !== undefined && isBefore(facts.version, since)) return false;
  if (before !== undefined && !isBefore(facts.version, before)) return false;
  return predicate === undefined || predicate(contract, facts);
}

function isBefore([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
