import { AddressSpace } from './address-space.ts';
import { Driver } from './driver.ts';
import { DescriptorTable } from './file.ts';
import { PhysicalMemory } from './frames.ts';
import { Limits } from './limits.ts';
import { OPERATIONS } from './operations/all.ts';
import type { Table } from './operations/table.ts';
import type { OperationName } from '../../spec/program.ts';
import { PageTable } from './page-table.ts';

/**
 * What a simulated kernel is made of. A wrong one has a variant of one part that gets one thing wrong, so that nothing in
 * the parts themselves knows of mutants.
 */
export interface Parts {
  readonly Driver: typeof Driver;
  readonly AddressSpace: typeof AddressSpace;
  readonly PageTable: typeof PageTable;
  readonly PhysicalMemory: typeof PhysicalMemory;
  readonly DescriptorTable: typeof DescriptorTable;
  readonly Limits: typeof Limits;
  /** The system calls. */
  readonly operations: Table<OperationName>;
}

export const CORRECT_PARTS: Parts = {
  Driver,
  AddressSpace,
  PageTable,
  PhysicalMemory,
  DescriptorTable,
  Limits,
  operations: OPERATIONS,
};
