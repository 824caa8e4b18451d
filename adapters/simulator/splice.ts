import type { Result } from './errno.ts';
import { LARGEST_PROC_FILE } from './fallocate.ts';
import type { OpenFile } from './file.ts';
import { overflowsPosition } from './integers.ts';
import type { Kernel } from './kernel.ts';
import type { Process } from './process.ts';

/** Transfers without user space. No driver that a contract describes has what they need; what differs is why they fail. */

/** `splice` between the description and an empty pipe. */
export function splice(process: Process, descriptor: number, direction: 'from' | 'to', length: number): Result {
  if (length === 0) return 0;
  const file = process.files.get(descriptor);
  if (file === null) return 'EBADF';
  // Without splice_read and splice_write, after an access mode that does not fit, O_APPEND or a position that overflows.
  return (direction === 'from' ? file.readable : file.writable) ? 'EINVAL' : 'EBADF';
}

/** `do_sendfile` from the description into an empty pipe, or to it from a regular file. */
export function sendfile(process: Process, descriptor: number, direction: 'from' | 'to', length: number): Result {
  const file = process.files.get(descriptor);
  if (file === null || !(direction === 'from' ? file.readable : file.writable)) return 'EBADF';
  if (overflowsPosition(file.position, length)) return 'EINVAL';
  if (direction === 'to') return length > 0 || file.isAppend ? 'EINVAL' : 0;
  return sendToPipe(process.kernel, file, length);
}

function sendToPipe({ version, driver }: Kernel, file: OpenFile, length: number): Result {
  if (!version.sendsByInternalPipe) return length === 0 && version.splicesNothing ? 0 : 'EINVAL';
  // `splice_direct_to_actor` takes regular files only, and /proc has a limit to their size.
  if (!driver.isRegularFile) return 'EINVAL';
  const position = file.position.toBigInt();
  if (position >= LARGEST_PROC_FILE && position + BigInt(length) > LARGEST_PROC_FILE) return 'EOVERFLOW';
  return length === 0 ? 0 : 'EINVAL';
}

/** `copy_file_range` of one description onto another; a proc file is empty, so that nothing is left to copy. */
export function copyFileRange(process: Process, from: number, onto: number): Result {
  const source = process.files.get(from);
  const target = process.files.get(onto);
  if (source === null || target === null) return 'EBADF';
  const { driver, version } = process.kernel;
  if (!driver.isRegularFile) return 'EINVAL';
  if (!source.readable || !target.writable || target.isAppend) return 'EBADF';
  return version.limitsEmptyCopies && target.position.toBigInt() >= LARGEST_PROC_FILE ? 'EFBIG' : 0;
}
