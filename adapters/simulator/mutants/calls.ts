import { encodeBytes } from '../../../spec/bytes.ts';
import type { OperationName } from '../../../spec/program.ts';
import { OPERATIONS } from '../operations/all.ts';
import { DONE, outcomeOf } from '../outcomes.ts';
import type { Perform } from '../operations/table.ts';
import { PAGE_SIZE } from '../machine.ts';
import type { Parts } from '../parts.ts';
import { VM_ACCESS_FLAGS, VM_MAYWRITE, VM_WRITE } from '../vm-flags.ts';
import { mutants } from './mutant.ts';

/** A kernel of which one system call is wrong; the wrong one is told the right one. */
function wrong<Name extends OperationName>(
  name: Name,
  perform: (right: Perform<Name>) => Perform<Name>,
): Partial<Parts> {
  return { operations: { ...OPERATIONS, [name]: perform(OPERATIONS[name]) } };
}

/** What kernels get wrong in one system call. */
export const CALL_MUTANTS = mutants({
  // Descriptors.
  'release-per-close': wrong('close', (right) => (execution, operation, process) => {
    const file = process.files.get(execution.descriptor(operation.fd));
    const outcome = right(execution, operation, process);
    // As if `flush`, which runs at each close, were `release`.
    if (file !== null && file.references > 0) process.kernel.driver.release(file);
    return outcome;
  }),
  'dup2-leaves-target-open': wrong('dup2', (right) => (execution, operation, process) => {
    const onto = execution.descriptor(operation.onto);
    if (execution.descriptor(operation.fd) !== onto) process.files.remove(onto);
    return right(execution, operation, process);
  }),
  'send-takes-no-reference': wrong('send', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    const file = process.files.getRaw(execution.descriptor(operation.fd));
    if (file !== null) file.references -= 1;
    return outcome;
  }),
  'poll-never-writable': wrong('poll', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    return 'ret' in outcome && outcome.ret === 0x5 ? { ret: 0x1 } : outcome;
  }),
  'ioctl-accepts-anything': wrong('ioctl', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    return 'errno' in outcome && outcome.errno === 'ENOTTY' ? outcomeOf(0) : outcome;
  }),
  'fsync-succeeds': wrong('fsync', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    return 'errno' in outcome && outcome.errno === 'EINVAL' ? outcomeOf(0) : outcome;
  }),

  // Transfers.
  'pread-moves-position': wrong('pread', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    const file = process.files.get(execution.descriptor(operation.fd));
    if ('ret' in outcome) file?.position.set(Number(operation.offset) + Number(outcome.ret));
    return outcome;
  }),
  'readv-stops-at-first-segment': wrong('readv', (right) => (execution, { lengths, ...operation }, process) => {
    return right(execution, { ...operation, lengths: lengths.slice(0, 1) }, process);
  }),
  'preadv2-ignores-flags': wrong('preadv2', (right) => (execution, operation, process) => {
    return right(execution, { ...operation, flags: [] }, process);
  }),
  'seek-end': wrong('lseek', (right) => (execution, operation, process) => {
    if (operation.whence === 'end' && process.files.get(execution.descriptor(operation.fd)) !== null) return DONE;
    return right(execution, operation, process);
  }),

  // Mappings.
  'private-writes-through': wrong('mmap', (right) => (execution, operation, process) => {
    return right(execution, operation.type === 'private' ? { ...operation, type: 'shared' } : operation, process);
  }),
  'fixed-refuses-to-replace': wrong('mmap', (right) => (execution, operation, process) => {
    const { place } = operation;
    if (place?.how !== 'fixed') return right(execution, operation, process);
    return right(execution, { ...operation, place: { ...place, how: 'noreplace' } }, process);
  }),
  'noreplace-replaces': wrong('mmap', (right) => (execution, operation, process) => {
    const { place } = operation;
    if (place?.how !== 'noreplace') return right(execution, operation, process);
    return right(execution, { ...operation, place: { ...place, how: 'fixed' } }, process);
  }),
  'mprotect-ignores-maywrite': wrong('mprotect', (right) => (execution, operation, process) => {
    for (const vma of process.space.vmas) vma.flags |= VM_MAYWRITE;
    return right(execution, operation, process);
  }),
  'mremap-keeps-old': wrong('mremap', (right) => (execution, operation, process) => {
    const { flags = [], oldLength, newLength } = operation;
    const moves = flags.includes('fixed') && flags.includes('maymove') && oldLength === newLength;
    return right(execution, moves ? { ...operation, flags: [...flags, 'dontunmap'] } : operation, process);
  }),

  // Advice and locks.
  'dontneed-keeps-copy': wrong('madvise', (right) => (execution, operation, process) => {
    return right(
      execution,
      operation.advice === 'dontneed' ? { ...operation, advice: 'willneed' } : operation,
      process,
    );
  }),
  'msync-always-succeeds': wrong('msync', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    return 'errno' in outcome && outcome.errno === 'EINVAL' ? outcomeOf(0) : outcome;
  }),
  'mincore-says-all-present': wrong('mincore', (right) => (execution, operation, process) => {
    const outcome = right(execution, operation, process);
    const pages = Math.ceil(operation.length / PAGE_SIZE);
    return 'ret' in outcome ? { ret: 0, data: encodeBytes(new Uint8Array(pages).fill(1)) } : outcome;
  }),
  'clear-refs-clears-nothing': wrong('clear_refs', () => () => DONE),

  // Access.
  'vm-write-ignores-protection': wrong('vm_write', () => (execution, operation, process) => {
    return OPERATIONS.mem_write(execution, { ...operation, op: 'mem_write' }, process);
  }),
  'load-needs-read-permission': wrong('load', (right) => (execution, operation, process) => {
    const address = execution.address(operation.at);
    const vma = address === null ? undefined : process.space.find(Math.floor(address / PAGE_SIZE));
    const isWriteOnly = vma !== undefined && (vma.flags & VM_ACCESS_FLAGS) === VM_WRITE;
    return isWriteOnly ? { signal: 'SIGSEGV', code: 'ACCERR', at: 0, data: '' } : right(execution, operation, process);
  }),
});
