import { describe, expect, it } from 'vitest';
import { Contract } from '../../spec/contract.ts';
import ringFault from '../../examples/ring-driver/ring-fault.json' with { type: 'json' };
import ringInsert from '../../examples/ring-driver/ring-insert.json' with { type: 'json' };
import ringRemap from '../../examples/ring-driver/ring-remap.json' with { type: 'json' };
import { type Act, run } from '../fixtures.ts';

const FAULT = Contract.parse(ringFault);
const INSERT = Contract.parse(ringInsert);
const REMAP = Contract.parse(ringRemap);

const PAGE = 4096;
const open: Act = { op: 'open', to: 'd0', access: 'rw' };
const mapped: Act = {
  op: 'mmap',
  to: 'm0',
  fd: 'd0',
  length: 4 * PAGE,
  offset: 0,
  prot: 'rw-',
  type: 'shared',
  place: { how: 'fixed', at: { arena: 0 } },
};
const at = (page: number): { arena: number } => ({ arena: page * PAGE });
const load = (page: number): Act => ({ op: 'load', at: at(page), length: 1 });
const advise = (advice: 'dontneed' | 'dofork' | 'populate_read'): Act => {
  return { op: 'madvise', at: at(1), length: PAGE, advice };
};
const grow: Act = { op: 'mremap', at: at(0), oldLength: 4 * PAGE, newLength: 5 * PAGE, to: 'm1' };

/** What the acts behind opening and mapping yield. */
function after(contract: Contract, ...acts: Act[]): string[] {
  return run(contract, [open, mapped, ...acts]).slice(2, -1);
}

describe('pages that mmap has put in place', () => {
  it('need no fault, as those that come by faults do', () => {
    expect(after(FAULT, load(1))).toEqual(['1 [00] ⟦vm_fault pgoff=1 write=0⟧']);
    expect(after(INSERT, load(1))).toEqual(['1 [00]']);
    expect(after(REMAP, load(1))).toEqual(['1 [00]']);
  });

  it('do not come back when they are gone; page frame numbers cannot be taken away', () => {
    expect(after(INSERT, advise('dontneed'), load(1), load(2))).toEqual(['0', 'SIGBUS/ADRERR@0', '1 [00]']);
    expect(after(REMAP, advise('dontneed'), load(1))).toEqual(['EINVAL', '1 [00]']);
  });

  it('are in the reach of the kernel only where they are pages', () => {
    const remote: Act = { op: 'vm_read', of: 'p0', at: at(0), length: 1 };
    const memory: Act = { op: 'mem_read', of: 'p0', at: at(0), length: 1 };
    const acts = [remote, memory, advise('populate_read'), advise('dofork')];
    expect(after(INSERT, ...acts)).toEqual(['1 [53]', '1 [53]', '0', '0']);
    expect(after(REMAP, ...acts)).toEqual(['EFAULT', 'EIO', 'EINVAL', 'EINVAL']);
  });

  it('leave no room to grow where the kernel would merge what is added', () => {
    expect(after(INSERT, grow)).toEqual(['ENOMEM']);
    expect(after(REMAP, grow)).toEqual(['EFAULT']);
  });
});

it('what the driver refuses fails with the error of the contract, before any page is put in place', () => {
  const refusal = 'ENXIO' as const;
  const strict = { ...INSERT, mmap: { ...INSERT.mmap, refusal } };
  const acts: Act[] = [open, { ...mapped, length: PAGE }, { ...mapped, type: 'private' }];
  expect(run(strict, acts).slice(1, 3)).toEqual(['ENXIO ⟦mmap⟧', 'ENXIO ⟦mmap⟧']);
});

it('a driver without read and write is not called: EINVAL whatever the length', () => {
  const acts: Act[] = [
    open,
    { op: 'read', fd: 'd0', length: 0 },
    { op: 'write', fd: 'd0', data: { text: 'a', length: 1 } },
  ];
  expect(run(INSERT, acts).slice(1, 3)).toEqual(['EINVAL', 'EINVAL']);
});
