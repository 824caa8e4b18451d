import type { Op } from '../../spec/program.ts';
import type { Errno, Result } from './errno.ts';
import type { OpenFile } from './file.ts';
import type { Process } from './process.ts';

/** System calls that copy descriptors, pass them on, or ask about what they refer to. */

/** POLLIN and POLLOUT: what a file that cannot be polled always is (DEFAULT_POLLMASK). */
const ALWAYS_READY = 0x1 | 0x4;
const POLLNVAL = 0x20;

export function close(process: Process, descriptor: number): Result {
  return process.close(descriptor) ? 0 : 'EBADF';
}

export function dup(process: Process, from: number): Result {
  const file = process.files.getRaw(from);
  return file === null ? 'EBADF' : install(process, file);
}

/** Gives a description its lowest free number, and takes a reference on it. */
function install(process: Process, file: OpenFile): Result {
  const descriptor = process.files.lowestFree(process.kernel.limits.descriptors);
  if (descriptor === null) return 'EMFILE';
  file.references += 1;
  process.files.install(descriptor, file);
  return descriptor;
}

/** `ksys_dup3`, and what `dup2` does when both numbers are the same. */
export function dup2(process: Process, from: number, onto: number, call: 'dup2' | 'dup3'): Result {
  const file = process.files.getRaw(from);
  if (from === onto) {
    if (call === 'dup3') return 'EINVAL';
    return file === null ? 'EBADF' : onto;
  }
  // As an unsigned number, -1 lies beyond every limit.
  if (onto < 0 || onto >= process.kernel.limits.descriptors || file === null) return 'EBADF';
  file.references += 1;
  process.close(onto);
  process.files.install(onto, file);
  return onto;
}

/** `scm_fp_copy`: the message holds a reference. */
export function send(process: Process, descriptor: number): Result {
  const file = process.files.getRaw(descriptor);
  if (file === null) return 'EBADF';
  file.references += 1;
  process.kernel.socket.push(file);
  return 0;
}

/** `scm_detach_fds`: a descriptor for which there is no number is lost with the message. */
export function receive(process: Process): Result {
  const file = process.kernel.socket.shift();
  if (file === undefined) return 'EAGAIN';
  const result = install(process, file);
  process.kernel.putFile(file);
  return result;
}

/** `do_pollfd`: a negative number is not looked at. */
export function poll(process: Process, descriptor: number): number {
  if (descriptor < 0) return 0;
  return process.files.get(descriptor) === null ? POLLNVAL : ALWAYS_READY;
}

/** `do_vfs_ioctl`: what the kernel answers itself, because no driver that a contract describes knows any request. */
export function ioctl(process: Process, descriptor: number, request: Op<'ioctl'>['request']): Result {
  if (process.files.get(descriptor) === null) return 'EBADF';
  switch (request) {
    case 'FIONREAD':
    case 'FIOQSIZE':
      return process.kernel.driver.isRegularFile ? 0 : 'ENOTTY';
    case 'FIONBIO':
    case 'FIGETBSZ':
      return 0;
    case 'TCGETS':
    case 'FIOASYNC':
    case 'unknown':
      return 'ENOTTY';
  }
}

/** `vfs_fsync`: no driver that a contract describes has fsync. */
export function fsync(process: Process, descriptor: number): Errno {
  return process.files.get(descriptor) === null ? 'EBADF' : 'EINVAL';
}
