import { describe, expect, it } from 'vitest';
import { type Act, P, run } from './fixtures.ts';

const at = { map: 'm0', offset: 0 };
const ACTS: readonly Act[] = [
  { op: 'open', to: 'd0', access: 'rw' },
  { op: 'mmap', to: 'm0', fd: 'd0', length: 4096, offset: 0, prot: '--x', type: 'shared' },
  { op: 'load', at, length: 1 },
  { op: 'store', at, data: { text: 'x', length: 1 } },
];

const accesses = (executeOnly: boolean): string[] => run(P, ACTS, { facts: { executeOnly } }).slice(2, 4);

describe('an area that may only be executed', () => {
  it('has a protection key that refuses loads and stores alike', () => {
    expect(accesses(true)).toEqual(['SIGSEGV/PKUERR@0', 'SIGSEGV/PKUERR@0']);
  });

  it('can be read where the processor has no keys', () => {
    expect(accesses(false)).toEqual(['1 [00] ⟦vm_fault pgoff=0 write=0⟧', 'SIGSEGV/ACCERR@0']);
  });
});
