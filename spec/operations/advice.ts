import * as z from 'zod';
import { Int64 } from '../integer.ts';
import { Address } from '../values.ts';
import { address, define, flagged } from './define.ts';

/** The advices of madvise(2), and `unknown` (6), which is none. */
export const ADVICES = [
  'normal',
  'random',
  'sequential',
  'willneed',
  'dontneed',
  'free',
  'remove',
  'dontfork',
  'dofork',
  'mergeable',
  'unmergeable',
  'hugepage',
  'nohugepage',
  'dontdump',
  'dodump',
  'wipeonfork',
  'keeponfork',
  'cold',
  'pageout',
  'populate_read',
  'populate_write',
  'dontneed_locked',
  'collapse',
  'hwpoison',
  'soft_offline',
  'guard_install',
  'guard_remove',
  'unknown',
] as const;
export type Advice = (typeof ADVICES)[number];

/** Bytes that `mincore` is asked about at most: it writes a byte for each page. */
const MINCORE_MAX = 256 * 4096;

const range = { at: Address, length: Int64 };
const lengthOf = (op: { at: Address; length: Int64 }): string => `${address(op.at)}, ${String(op.length)}`;

/** Operations that say how memory will be used, pin it, or ask about it. */
export const adviceOperations = [
  /** `hwpoison` and `soft_offline` are given without CAP_SYS_ADMIN: they would break memory for good. */
  define('madvise', { ...range, advice: z.enum(ADVICES) }, (op) => `madvise(${lengthOf(op)}, ${op.advice})`),
  define('msync', { ...range, flags: z.array(z.enum(['async', 'sync', 'invalidate', 'unknown'])).optional() }, (op) => {
    return `msync(${lengthOf(op)}${flagged(op.flags)})`;
  }),
  /** With flags (also none of them) mlock2. */
  define('mlock', { ...range, flags: z.array(z.enum(['onfault', 'unknown'])).optional() }, (op) => {
    return `${op.flags === undefined ? 'mlock' : 'mlock2'}(${lengthOf(op)}${flagged(op.flags)})`;
  }),
  define('munlock', range, (op) => `munlock(${lengthOf(op)})`),
  /**
   * `current` without `onfault` is performed (else the outcome is `unsafe`) only where a limit makes it fail: it would
   * bring in all memory of the target itself.
   */
  define('mlockall', { flags: z.array(z.enum(['current', 'future', 'onfault', 'unknown'])) }, (op) => {
    return `mlockall(${op.flags.join(' ')})`;
  }),
  define('munlockall', {}, () => 'munlockall()'),
  define('mincore', { at: Address, length: z.int().min(0).max(MINCORE_MAX) }, (op) => `mincore(${lengthOf(op)})`),
  /** Writes 4 to /proc/self/clear_refs: from here on pages are soft-dirty only when written again. */
  define('clear_refs', {}, () => 'clear_refs()'),
] as const;
