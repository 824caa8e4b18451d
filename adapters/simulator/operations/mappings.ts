import { toUnsigned } from '../../../spec/integer.ts';
import type { Op } from '../../../spec/program.ts';
import { toLength, toPageOffset, toPages } from '../integers.ts';
import { PAGE_SIZE, TASK_PAGES } from '../machine.ts';
import { doMmap } from '../mmap.ts';
import { doMprotect } from '../mprotect.ts';
import { doMremap } from '../mremap.ts';
import { outcomeOf, UNBOUND, UNSAFE } from '../outcomes.ts';
import { isSafeToChange, isSafeToMap } from '../safety.ts';
import { VM_EXEC, VM_READ, VM_WRITE } from '../vm-flags.ts';
import type { Table } from './table.ts';

function accessBits(protection: string): number {
  const read = protection.startsWith('r') ? VM_READ : 0;
  const write = protection[1] === 'w' ? VM_WRITE : 0;
  return read | write | (protection[2] === 'x' ? VM_EXEC : 0);
}

/** Whether the addresses of `mremap` may be touched: the old range, and the new one if it is named. */
function isSafeToRemap(address: number, operation: Op<'mremap'>, newAddress: number | null): boolean {
  const { oldLength, newLength, flags = [] } = operation;
  if (!isSafeToChange(address, toLength(oldLength))) return false;
  if (newAddress === null) return !flags.includes('fixed');
  return isSafeToMap(newAddress, toLength(newLength));
}

export const mappingTable: Table<'mmap' | 'munmap' | 'mprotect' | 'mremap'> = {
  mmap: (execution, operation, process) => {
    const { place } = operation;
    const length = toLength(operation.length);
    const address = place === undefined ? 0 : execution.address(place.at);
    if (address === null) return UNBOUND;
    if (place !== undefined && !isSafeToMap(address, length)) return UNSAFE;

    // The offset's alignment comes before the descriptor (`mmap` of x86), and MAP_HUGETLB right after it.
    const pgoff = toPageOffset(operation.offset);
    if (pgoff === null) return outcomeOf('EINVAL');
    const file = process.files.get(execution.descriptor(operation.fd));
    if (file === null) return outcomeOf('EBADF');
    const flags = new Set(operation.flags);
    if (flags.has('hugetlb')) return outcomeOf('EINVAL');
    const result = doMmap(process.space, file, {
      place: place?.how ?? 'anywhere',
      address,
      pages: Math.ceil(length / PAGE_SIZE),
      pgoff,
      access: accessBits(operation.prot),
      type: operation.type,
      flags,
    });
    return execution.bindMapping(operation.to, result);
  },

  /** `do_vmi_munmap`: one error for everything that is wrong with a range; a hole in it is none. */
  munmap: (execution, { at, length }, process) => {
    const address = execution.address(at);
    if (address === null) return UNBOUND;
    const bytes = toLength(length);
    if (!isSafeToMap(address, bytes)) return UNSAFE;
    const pages = Math.ceil(bytes / PAGE_SIZE);
    if (address % PAGE_SIZE !== 0 || pages > TASK_PAGES || pages === 0) return outcomeOf('EINVAL');
    const start = address / PAGE_SIZE;
    return outcomeOf(process.space.unmap(start, start + pages) ?? 0);
  },

  /** `do_mprotect_pkey`: no length is no error, and a length whose end wraps around is ENOMEM. */
  mprotect: (execution, { at, length, prot }, process) => {
    const address = execution.address(at);
    if (address === null) return UNBOUND;
    const bytes = toLength(length);
    if (!isSafeToChange(address, bytes)) return UNSAFE;
    if (address % PAGE_SIZE !== 0) return outcomeOf('EINVAL');
    if (bytes === 0) return outcomeOf(0);
    if (bytes === Infinity) return outcomeOf('ENOMEM');
    const start = address / PAGE_SIZE;
    return outcomeOf(doMprotect(process.space, start, start + Math.ceil(bytes / PAGE_SIZE), accessBits(prot)));
  },

  mremap: (execution, operation, process) => {
    const { oldLength, newLength } = operation;
    const address = execution.address(operation.at);
    const newAddress = operation.place === undefined ? null : execution.address(operation.place);
    if (address === null || (newAddress === null && operation.place !== undefined)) return UNBOUND;
    if (!isSafeToRemap(address, operation, newAddress)) return UNSAFE;
    const result = doMremap(process.space, {
      address,
      oldPages: toPages(oldLength),
      newPages: toPages(newLength),
      keepsLength: toUnsigned(oldLength) === toUnsigned(newLength),
      flags: new Set(operation.flags),
      newAddress,
    });
    return execution.bindMapping(operation.to, result);
  },
};
