import { toSigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { lookUpAny, numberOf, openFile } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import type { Process } from '../state.ts';

const POLLIN = 0x01;
const POLLOUT = 0x04;
const POLLNVAL = 0x20;

/** Where files of proc end: its superblock keeps the default of fs/super.c `alloc_super` (MAX_NON_LFS). */
export const PROC_MAX_BYTES = 2n ** 31n - 1n;

/** fs/select.c `do_pollfd`; a driver without `poll` is always ready (DEFAULT_POLLMASK). */
export function poll(draft: Draft, process: Process, op: Op<'poll'>): Outcome {
  if (numberOf(draft, op.fd) < 0) return succeed(draft, 0, 'FILE-03');
  const description = lookUpAny(draft, process, op.fd);
  if (description === undefined) return succeed(draft, POLLNVAL, 'FILE-02');
  if (description.path) return succeed(draft, POLLNVAL, 'PATH-04');
  return succeed(draft, POLLIN | POLLOUT, 'FILE-01');
}

/** fs/ioctl.c `do_vfs_ioctl`: what the kernel answers itself; the driver has no `ioctl`. */
export function ioctl(draft: Draft, process: Process, op: Op<'ioctl'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  switch (op.request) {
    case 'FIONBIO':
    case 'FIGETBSZ':
      return succeed(draft, 0, 'FILE-08');
    case 'FIONREAD':
    case 'FIOQSIZE':
      return draft.kernel.regular ? succeed(draft, 0, 'FILE-06') : fail(draft, 'ENOTTY', 'FILE-07');
    case 'FIOASYNC':
      return fail(draft, 'ENOTTY', 'FILE-09');
    case 'TCGETS':
    case 'unknown':
      return fail(draft, 'ENOTTY', 'FILE-05');
  }
}

/** fs/sync.c `vfs_fsync_range`. */
export function fsync(draft: Draft, process: Process, op: Op<'fsync'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  return fail(draft, 'EINVAL', 'FILE-04');
}

/** fs/open.c `do_sys_ftruncate`, fs/proc/generic.c `proc_notify_change`: the size of a proc file stays 0 whatever is asked. */
export function ftruncate(draft: Draft, process: Process, op: Op<'ftruncate'>): Outcome {
  const length = toSigned(op.length);
  if (length < 0n) return fail(draft, 'EINVAL', 'FILE-10');
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  if (!draft.kernel.regular || !description.writable) return fail(draft, 'EINVAL', 'FILE-11');
  if (length > PROC_MAX_BYTES) return fail(draft, 'EFBIG', 'FILE-12');
  return succeed(draft, 0, 'FILE-13');
}

/** fs/open.c `vfs_fallocate`. */
export function fallocate(draft: Draft, process: Process, op: Op<'fallocate'>): Outcome {
  const description = openFile(draft, process, op.fd);
  if ('errno' in description) return description;
  const offset = toSigned(op.offset);
  const length = toSigned(op.length);
  if (offset < 0n || length <= 0n) return fail(draft, 'EINVAL', 'FILE-14');
  if (op.mode === 'unknown') return fail(draft, 'EOPNOTSUPP', 'FILE-15');
  if (!description.writable) return fail(draft, 'EBADF', 'FILE-16');
  if (!draft.kernel.regular) return fail(draft, 'ENODEV', 'FILE-17');
  if (offset + length > PROC_MAX_BYTES) return fail(draft, 'EFBIG', 'FILE-18');
  return fail(draft, 'EOPNOTSUPP', 'FILE-19');
}
