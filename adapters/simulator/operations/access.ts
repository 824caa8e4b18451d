import { encodeBytes, expandData } from '../../../spec/bytes.ts';
import type { Outcome } from '../../../spec/observation.ts';
import type { Address } from '../../../spec/values.ts';
import type { AddressSpace } from '../address-space.ts';
import { fillWith } from '../bytes.ts';
import type { Result } from '../errno.ts';
import type { Execution } from '../execution.ts';
import { PAGE_SIZE } from '../machine.ts';
import { dataOutcome, outcomeOf, UNBOUND, UNSAFE } from '../outcomes.ts';
import { accessPage, type BadAccess } from '../page-fault.ts';
import { processVm, procMem } from '../remote-memory.ts';
import { isInside } from '../safety.ts';
import type { Table } from './table.ts';

/** The bytes of one page that a byte-by-byte access reaches next: all of them fault together or not at all. */
function nextPart(address: number, done: number, length: number): { page: number; offset: number; count: number } {
  const page = Math.floor((address + done) / PAGE_SIZE);
  const offset = address + done - page * PAGE_SIZE;
  return { page, offset, count: Math.min(PAGE_SIZE - offset, length - done) };
}

function signalOf(code: BadAccess, at: number): { signal: string; code: string; at: number } {
  return { signal: code === 'ADRERR' ? 'SIGBUS' : 'SIGSEGV', code, at };
}

/** Looks up memory of another process and calls with it, if both are there and the range may be touched. */
function onMemory(
  execution: Execution,
  { of, at }: { readonly of: string; readonly at: Address },
  length: number,
  call: (space: AddressSpace, address: number) => Outcome,
): Outcome {
  const other = execution.processes.get(of);
  const address = execution.address(at);
  if (other === undefined || address === null) return UNBOUND;
  return isInside(address, length) ? call(other.space, address) : UNSAFE;
}

type Move = (space: AddressSpace, address: number, bytes: Uint8Array, direction: 'read' | 'write') => Result;

function readWith(move: Move, length: number) {
  return (space: AddressSpace, address: number): Outcome => {
    const bytes = new Uint8Array(length);
    return dataOutcome(move(space, address, bytes, 'read'), bytes);
  };
}

function writeWith(move: Move, bytes: Uint8Array) {
  return (space: AddressSpace, address: number): Outcome => outcomeOf(move(space, address, bytes, 'write'));
}

export const accessTable: Table<'load' | 'store' | 'vm_read' | 'vm_write' | 'mem_read' | 'mem_write'> = {
  load: (execution, { at, length }, process) => {
    const address = execution.address(at);
    if (address === null) return UNBOUND;
    if (!isInside(address, length)) return UNSAFE;
    const data = new Uint8Array(length);
    for (let done = 0; done < data.length;) {
      const { page, offset, count } = nextPart(address, done, data.length);
      const frame = accessPage(process.space, page, false);
      if (typeof frame === 'string') return { ...signalOf(frame, done), data: encodeBytes(data.subarray(0, done)) };
      data.set(frame.bytes.subarray(offset, offset + count), done);
      done += count;
    }
    return { ret: data.length, data: encodeBytes(data) };
  },

  store: (execution, { at, data: { text, length } }, process) => {
    const address = execution.address(at);
    if (address === null) return UNBOUND;
    if (!isInside(address, length)) return UNSAFE;
    for (let done = 0; done < length;) {
      const { page, offset, count } = nextPart(address, done, length);
      const frame = accessPage(process.space, page, true);
      if (typeof frame === 'string') return signalOf(frame, done);
      fillWith(frame.bytes.subarray(offset, offset + count), text, done);
      done += count;
    }
    return { ret: length };
  },

  vm_read: (execution, operation) => {
    return onMemory(execution, operation, operation.length, readWith(processVm, operation.length));
  },
  vm_write: (execution, operation) => {
    return onMemory(execution, operation, operation.data.length, writeWith(processVm, expandData(operation.data)));
  },
  mem_read: (execution, operation) => {
    return onMemory(execution, operation, operation.length, readWith(procMem, operation.length));
  },
  mem_write: (execution, operation) => {
    return onMemory(execution, operation, operation.data.length, writeWith(procMem, expandData(operation.data)));
  },
};
