import type { Outcome } from '../../../spec/observation.ts';
import type { Op, OperationName } from '../../../spec/program.ts';
import type { Execution } from '../execution.ts';
import type { Process } from '../process.ts';

/** Performs one operation of a live process; a table has one for each name. */
export type Perform<Name extends OperationName> = (
  execution: Execution,
  operation: Op<Name>,
  process: Process,
) => Outcome;

export type Table<Name extends OperationName> = { readonly [Key in Name]: Perform<Key> };
