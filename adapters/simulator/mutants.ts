import { CALL_MUTANTS } from './mutants/calls.ts';
import { DRIVER_MUTANTS } from './mutants/drivers.ts';
import { LIMIT_MUTANTS } from './mutants/limits.ts';
import { MEMORY_MUTANTS } from './mutants/memory.ts';
import { CORRECT_PARTS, type Parts } from './parts.ts';

/** Deliberately wrong simulators, one planted bug each, that the suite must catch. */
const MUTANTS = { ...DRIVER_MUTANTS, ...CALL_MUTANTS, ...MEMORY_MUTANTS, ...LIMIT_MUTANTS };

export type MutantName = keyof typeof MUTANTS;

export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[];

export function isMutantName(name: string): name is MutantName {
  return Object.hasOwn(MUTANTS, name);
}

export function partsWith(mutant: MutantName): Parts {
  return { ...CORRECT_PARTS, ...MUTANTS[mutant] };
}
