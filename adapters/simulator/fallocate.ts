import type { Errno, Result } from './errno.ts';
import type { OpenFile } from './file.ts';
import type { Kernel } from './kernel.ts';

/** `s_maxbytes` of /proc, which asks for no more than any file system has (MAX_NON_LFS). */
export const LARGEST_PROC_FILE = 2n ** 31n - 1n;

export type FallocateMode = 'allocate' | 'keep-size' | 'punch-hole' | 'zero-range' | 'unknown';

/** `vfs_fallocate`; no driver that a contract describes can allocate. */
export function fallocate(
  { driver }: Kernel,
  file: OpenFile,
  mode: FallocateMode,
  offset: bigint,
  length: bigint,
): Result {
  if (offset < 0n || length <= 0n) return 'EINVAL';
  if (mode === 'unknown') return 'EOPNOTSUPP';
  if (!file.writable) return 'EBADF';
  if (!driver.isRegularFile) return 'ENODEV';
  return offset + length > LARGEST_PROC_FILE ? 'EFBIG' : 'EOPNOTSUPP';
}

/** `do_ftruncate`: a proc file takes any size that /proc can have, and forgets it. */
export function ftruncate({ driver }: Kernel, file: OpenFile, length: bigint): Errno | null {
  if (!driver.isRegularFile || !file.writable) return 'EINVAL';
  return length > LARGEST_PROC_FILE ? 'EFBIG' : null;
}
