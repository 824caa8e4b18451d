import type { Parts } from '../parts.ts';

/** By the name of what is wrong: the parts that are. Only the names are kept as types, not the classes. */
export function mutants<Name extends string>(
  table: Readonly<Record<Name, Partial<Parts>>>,
): Readonly<Record<Name, Partial<Parts>>> {
  return table;
}
