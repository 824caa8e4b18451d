import type { OperationName } from '../../../spec/program.ts';
import { accessTable } from './access.ts';
import { adviceTable } from './advice.ts';
import { descriptorTable } from './descriptors.ts';
import { mappingTable } from './mappings.ts';
import { processTable } from './processes.ts';
import type { Table } from './table.ts';
import { transferTable } from './transfers.ts';

/** How each operation is performed, family by family. */
export const OPERATIONS: Table<OperationName> = {
  ...descriptorTable,
  ...transferTable,
  ...mappingTable,
  ...adviceTable,
  ...accessTable,
  ...processTable,
};
