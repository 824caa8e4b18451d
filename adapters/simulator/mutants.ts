import { CALL_FAULTS } from './mutants/calls.ts';
import { DRIVER_FAULTS } from './mutants/drivers.ts';
import { LIMIT_FAULTS } from './mutants/limits.ts';
import { MEMORY_FAULTS } from './mutants/memory.ts';
import { CORRECT_PARTS, type Parts } from './parts.ts';

/** Deliberately wrong simulators, one fault each, that the suite must catch. */
const FAULTS = { ...DRIVER_FAULTS, ...CALL_FAULTS, ...MEMORY_FAULTS, ...LIMIT_FAULTS };

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

export function partsWith(fault: FaultName): Parts {
  return { ...CORRECT_PARTS, ...FAULTS[fault] };
}
