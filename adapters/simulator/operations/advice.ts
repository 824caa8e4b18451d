import { encodeBytes } from '../../../spec/bytes.ts';
import type { Int64 } from '../../../spec/integer.ts';
import type { Outcome } from '../../../spec/observation.ts';
import type { Address } from '../../../spec/values.ts';
import { clearSoftDirty } from '../clear-refs.ts';
import type { Execution } from '../execution.ts';
import { toLength, toPages } from '../integers.ts';
import { PAGE_SIZE } from '../machine.ts';
import { doMadvise } from '../madvise.ts';
import { doMincore } from '../mincore.ts';
import { doMlock, doMlockall, doMunlock, doMunlockall } from '../mlock.ts';
import { doMsync } from '../msync.ts';
import { outcomeOf, UNBOUND, UNSAFE, DONE } from '../outcomes.ts';
import { isInside, isSafeToChange } from '../safety.ts';
import { VM_LOCKED, VM_LOCKONFAULT } from '../vm-flags.ts';
import type { Table } from './table.ts';

/** Looks up a range and calls with its address in bytes, if it is there and may be touched. */
function onRange(
  execution: Execution,
  { at, length }: { readonly at: Address; readonly length: Int64 },
  call: (address: number) => Outcome,
): Outcome {
  const address = execution.address(at);
  if (address === null) return UNBOUND;
  return isSafeToChange(address, toLength(length)) ? call(address) : UNSAFE;
}

/** mlock and munlock round the address down, and what they add to the length for that may wrap around. */
function lockRange(address: number, length: Int64): { start: number; pages: number } {
  const start = Math.floor(address / PAGE_SIZE);
  return { start, pages: toPages(length, address - start * PAGE_SIZE) };
}

export const adviceTable: Table<
  'madvise' | 'msync' | 'mlock' | 'munlock' | 'mlockall' | 'munlockall' | 'mincore' | 'clear_refs'
> = {
  madvise: (execution, operation, process) => {
    return onRange(execution, operation, (address) => {
      const start = address % PAGE_SIZE === 0 ? address / PAGE_SIZE : null;
      const pages = Math.ceil(toLength(operation.length) / PAGE_SIZE);
      return outcomeOf(doMadvise(process.space, start, pages, operation.advice));
    });
  },

  msync: (execution, operation, process) => {
    return onRange(execution, operation, (address) => {
      const flags = new Set(operation.flags);
      const [async, sync, invalidate] = [flags.has('async'), flags.has('sync'), flags.has('invalidate')];
      if (flags.has('unknown') || address % PAGE_SIZE !== 0 || (async && sync)) return outcomeOf('EINVAL');
      const start = address / PAGE_SIZE;
      // A length that wraps around is none.
      const end = start + toPages(operation.length);
      return outcomeOf(doMsync(process.space, start, end, { async, sync, invalidate }));
    });
  },

  mlock: (execution, operation, process) => {
    return onRange(execution, operation, (address) => {
      const { flags = [] } = operation;
      if (flags.includes('unknown')) return outcomeOf('EINVAL');
      const { start, pages } = lockRange(address, operation.length);
      const bits = VM_LOCKED | (flags.includes('onfault') ? VM_LOCKONFAULT : 0);
      return outcomeOf(doMlock(process.space, start, pages, bits));
    });
  },

  munlock: (execution, operation, process) => {
    return onRange(execution, operation, (address) => {
      const { start, pages } = lockRange(address, operation.length);
      return outcomeOf(doMunlock(process.space, start, pages));
    });
  },

  mlockall: (_, operation, process) => {
    const flags = new Set(operation.flags);
    if (flags.has('unknown')) return outcomeOf('EINVAL');
    const [current, future, onfault] = [flags.has('current'), flags.has('future'), flags.has('onfault')];
    if (current && !onfault && process.kernel.limits.locked === null) return UNSAFE;
    return outcomeOf(doMlockall(process.space, { current, future, onfault }));
  },

  munlockall: (_, __, process) => outcomeOf(doMunlockall(process.space)),

  mincore: (execution, { at, length }, process) => {
    const address = execution.address(at);
    if (address === null) return UNBOUND;
    if (!isInside(address, length)) return UNSAFE;
    if (address % PAGE_SIZE !== 0) return outcomeOf('EINVAL');
    const present = doMincore(process.space, address / PAGE_SIZE, Math.ceil(length / PAGE_SIZE));
    return typeof present === 'string' ? outcomeOf(present) : { ret: 0, data: encodeBytes(present) };
  },

  clear_refs: (_, __, process) => {
    clearSoftDirty(process.space);
    return DONE;
  },
};
