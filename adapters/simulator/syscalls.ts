import { doMmap, type MmapRequest } from './mmap.ts';
import { doMprotect } from './mprotect.ts';
import type { Errno, Result } from './errno.ts';
import { OpenFile, type Position } from './file.ts';
import { overflowsPosition } from './integers.ts';
import { DESCRIPTOR_LIMIT, PAGE_SIZE, TASK_PAGES } from './machine.ts';
import type { Process } from './process.ts';

/** The system calls of one process: the checks that the kernel makes before anything happens, in its order. */

/** `do_sys_openat2`: the number is reserved before the driver is asked. */
export function open(process: Process, access: 'ro' | 'wo' | 'rw'): Result {
  const descriptor = process.files.lowestFree();
  if (descriptor >= DESCRIPTOR_LIMIT) return 'EMFILE';
  const file = new OpenFile(access);
  process.kernel.driver.open(file);
  process.files.install(descriptor, file);
  return descriptor;
}

export function close(process: Process, descriptor: number): Result {
  return process.close(descriptor) ? 0 : 'EBADF';
}

export function dup(process: Process, from: number): Result {
  const file = process.files.get(from);
  if (file === null) return 'EBADF';
  const descriptor = process.files.lowestFree();
  if (descriptor >= DESCRIPTOR_LIMIT) return 'EMFILE';
  file.references += 1;
  process.files.install(descriptor, file);
  return descriptor;
}

/** `vfs_read`: the same for `read` and `pread` but for the position. */
function vfsRead(process: Process, file: OpenFile, length: number, position: Position): Uint8Array | Errno {
  if (!file.readable) return 'EBADF';
  if (overflowsPosition(position, length)) return 'EINVAL';
  return process.kernel.driver.read(file, length, position);
}

/** `vfs_write`. */
function vfsWrite(process: Process, file: OpenFile, data: Uint8Array, position: Position): Result {
  if (!file.writable) return 'EBADF';
  if (overflowsPosition(position, data.length)) return 'EINVAL';
  return process.kernel.driver.write(file, data, position);
}

export function read(process: Process, descriptor: number, length: number): Uint8Array | Errno {
  const file = process.files.get(descriptor);
  return file === null ? 'EBADF' : vfsRead(process, file, length, file.position);
}

export function write(process: Process, descriptor: number, data: Uint8Array): Result {
  const file = process.files.get(descriptor);
  return file === null ? 'EBADF' : vfsWrite(process, file, data, file.position);
}

/** `ksys_pread64`: a null position is a negative one, and is refused before the descriptor is looked at. */
export function pread(
  process: Process,
  descriptor: number,
  length: number,
  position: Position | null,
): Uint8Array | Errno {
  const file = positionedFile(process, descriptor, position);
  return typeof file === 'string' ? file : vfsRead(process, file, length, position ?? file.position);
}

/** `ksys_pwrite64`. */
export function pwrite(process: Process, descriptor: number, data: Uint8Array, position: Position | null): Result {
  const file = positionedFile(process, descriptor, position);
  return typeof file === 'string' ? file : vfsWrite(process, file, data, position ?? file.position);
}

function positionedFile(process: Process, descriptor: number, position: Position | null): OpenFile | Errno {
  if (position === null) return 'EINVAL';
  const file = process.files.get(descriptor);
  if (file === null) return 'EBADF';
  return process.kernel.driver.isPositioned ? file : 'ESPIPE';
}

/** `ksys_lseek`: a proc file without an lseek of its own has no FMODE_LSEEK either since 5.19 (`proc_reg_open`). */
export function lseek(process: Process, descriptor: number, isWhenceKnown: boolean): Result {
  if (process.files.get(descriptor) === null) return 'EBADF';
  return isWhenceKnown ? 'ESPIPE' : 'EINVAL';
}

/** `mmap` of x86 and `ksys_mmap_pgoff`: the offset's alignment comes before the descriptor. */
export function mmap(process: Process, descriptor: number, isOffsetAligned: boolean, request: MmapRequest): Result {
  if (!isOffsetAligned) return 'EINVAL';
  const file = process.files.get(descriptor);
  return file === null ? 'EBADF' : doMmap(process.space, file, request);
}

/** `do_vmi_munmap`: one error for everything that is wrong with a range; a hole in it is none. */
export function munmap(process: Process, address: number, length: number): Result {
  const pages = Math.ceil(length / PAGE_SIZE);
  if (address % PAGE_SIZE !== 0 || pages > TASK_PAGES || pages === 0) return 'EINVAL';
  const start = address / PAGE_SIZE;
  process.space.unmap(start, start + pages);
  return 0;
}

/** `do_mprotect_pkey`: no length is no error, and a length whose end wraps around is ENOMEM. */
export function mprotect(process: Process, address: number, length: number, access: number): Result {
  if (address % PAGE_SIZE !== 0) return 'EINVAL';
  if (length === 0) return 0;
  if (length === Infinity) return 'ENOMEM';
  const start = address / PAGE_SIZE;
  return doMprotect(process.space, start, start + Math.ceil(length / PAGE_SIZE), access);
}
