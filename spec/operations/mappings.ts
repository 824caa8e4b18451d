import * as z from 'zod';
import { Int64 } from '../integer.ts';
import { Address, DescriptorName, MappingName, Protection } from '../values.ts';
import { address, define, flagged } from './define.ts';

export const MAP_TYPES = ['none', 'private', 'shared', 'validate', 'both-bits-and-more'] as const;
/** Where `mmap` is asked to map: see mmap(2) for `hint` (no flag), `MAP_FIXED` and `MAP_FIXED_NOREPLACE`. */
export const PLACES = ['hint', 'fixed', 'noreplace'] as const;
/** `unknown` is one that no kernel knows. */
export const MAP_FLAGS = [
  'growsdown',
  'hugetlb',
  'locked',
  'nonblock',
  'noreserve',
  'populate',
  'sync',
  'unknown',
] as const;
export type MapFlag = (typeof MAP_FLAGS)[number];
export const REMAP_FLAGS = ['maymove', 'fixed', 'dontunmap', 'unknown'] as const;

const range = { at: Address, length: Int64 };

/** Operations that change which areas an address space has. */
export const mappingOperations = [
  define(
    'mmap',
    {
      fd: DescriptorName,
      to: MappingName,
      length: Int64,
      offset: Int64.describe('Bytes.'),
      prot: Protection,
      type: z.enum(MAP_TYPES),
      flags: z.array(z.enum(MAP_FLAGS)).optional(),
      place: z
        .strictObject({ how: z.enum(PLACES), at: Address })
        .optional()
        .describe('Absent: the kernel chooses.'),
    },
    (op) => {
      const place = op.place === undefined ? '' : `, ${op.place.how} at ${address(op.place.at)}`;
      const what = [op.prot, op.type, ...(op.flags ?? [])].join(' ');
      return `${op.to} = mmap(${op.fd}, ${String(op.length)} at ${String(op.offset)}, ${what}${place})`;
    },
  ),
  define('munmap', range, (op) => `munmap(${address(op.at)}, ${String(op.length)})`),
  define('mprotect', { ...range, prot: Protection }, (op) => {
    return `mprotect(${address(op.at)}, ${String(op.length)}, ${op.prot})`;
  }),
  define(
    'mremap',
    {
      at: Address,
      oldLength: Int64,
      newLength: Int64,
      flags: z.array(z.enum(REMAP_FLAGS)).optional(),
      place: Address.optional().describe('The new address: for `fixed`, and a hint for `dontunmap` without it.'),
      to: MappingName,
    },
    (op) => {
      const place = op.place === undefined ? '' : `, to ${address(op.place)}`;
      const lengths = `${String(op.oldLength)} -> ${String(op.newLength)}`;
      return `${op.to} = mremap(${address(op.at)}, ${lengths}${flagged(op.flags)}${place})`;
    },
  ),
] as const;
