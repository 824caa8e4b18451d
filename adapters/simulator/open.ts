import type { OPEN_FLAGS } from '../../spec/operations/descriptors.ts';
import type { Driver } from './driver.ts';
import type { Errno, Result } from './errno.ts';
import { type Access, OpenFile } from './file.ts';
import type { Process } from './process.ts';

export type OpenFlags = ReadonlySet<(typeof OPEN_FLAGS)[number]>;

export interface OpenRequest {
  readonly access: Access;
  readonly flags: OpenFlags;
  /** Whether the file system ids are those of a user that owns nothing and may nothing. */
  readonly isNobody: boolean;
}

/** Permission bits of others: who is neither the owner nor in the group. */
const MAY_READ = 4;
const MAY_WRITE = 2;

/** `do_sys_openat2`: the number is reserved before the node is looked at. */
export function open(process: Process, { access, flags: asked, isNobody }: OpenRequest): Result {
  const { driver, version, limits } = process.kernel;
  // O_PATH beats everything but O_DIRECTORY.
  const flags: OpenFlags = asked.has('path') ? asked.intersection(new Set(['path', 'directory'])) : asked;
  if (version.refusesToCreateDirectory && flags.has('creat') && flags.has('directory')) return 'EINVAL';
  const descriptor = process.files.lowestFree(limits.descriptors);
  if (descriptor === null) return 'EMFILE';

  const errno = mayOpen(driver, access, flags, isNobody);
  if (errno !== null) return errno;
  const file = new OpenFile(access, { isPath: flags.has('path'), isAppend: flags.has('append') });
  if (!file.isPath) {
    const refused = driver.open(file);
    if (refused !== null) return refused;
    // `do_dentry_open` asks last whether direct transfers are possible, so that the driver must be told to forget it.
    if (flags.has('direct')) {
      process.kernel.putFile(file);
      return 'EINVAL';
    }
  }
  process.files.install(descriptor, file);
  return descriptor;
}

/** `do_open` and `may_open` for a node that exists and is no directory. */
function mayOpen(driver: Driver, access: Access, flags: OpenFlags, isNobody: boolean): Errno | null {
  if (flags.has('creat') && flags.has('excl')) return 'EEXIST';
  if (flags.has('directory')) return 'ENOTDIR';
  if (flags.has('path') || !isNobody) return null;
  // O_TRUNC needs the permission to write, whatever the access mode.
  const wanted = (access === 'wo' ? 0 : MAY_READ) | (access === 'ro' && !flags.has('trunc') ? 0 : MAY_WRITE);
  if ((wanted & ~driver.mode) !== 0) return 'EACCES';
  return flags.has('noatime') ? 'EPERM' : null;
}
