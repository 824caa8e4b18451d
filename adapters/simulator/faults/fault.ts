import type { Parts } from '../parts.ts';

/** By the name of what is wrong: the parts that are. */
export type Faults = Readonly<Record<string, Partial<Parts>>>;
