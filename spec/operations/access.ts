import * as z from 'zod';
import { ActorName, Address, Count, Data } from '../values.ts';
import { address, data, define } from './define.ts';

/** The process whose memory is accessed; one that does not live makes the operation `unbound`. */
const other = { of: ActorName, at: Address };

/** Operations that access memory: by the processor, or by the kernel on behalf of a process. */
export const accessOperations = [
  define('load', { at: Address, length: z.int().min(1).max(16_384) }, (op) => {
    return `load(${address(op.at)}, ${String(op.length)})`;
  }),
  define('store', { at: Address, data: Data }, (op) => `store(${address(op.at)}, ${data(op.data)})`),
  /** process_vm_readv and process_vm_writev with one range on each side. */
  define('vm_read', { ...other, length: Count }, (op) => `vm_read(${op.of}, ${address(op.at)}, ${String(op.length)})`),
  define('vm_write', { ...other, data: Data }, (op) => `vm_write(${op.of}, ${address(op.at)}, ${data(op.data)})`),
  /** pread and pwrite of /proc/PID/mem. */
  define('mem_read', { ...other, length: Count }, (op) => {
    return `mem_read(${op.of}, ${address(op.at)}, ${String(op.length)})`;
  }),
  define('mem_write', { ...other, data: Data }, (op) => `mem_write(${op.of}, ${address(op.at)}, ${data(op.data)})`),
] as const;
