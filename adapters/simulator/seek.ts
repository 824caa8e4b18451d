import type { WHENCES } from '../../spec/operations/transfers.ts';
import type { Errno } from './errno.ts';
import type { OpenFile } from './file.ts';
import type { Process } from './process.ts';

export type Whence = (typeof WHENCES)[number];

/** `ksys_lseek`. Positions can be exact to the last bit. */
export function lseek(process: Process, descriptor: number, offset: bigint, whence: Whence): bigint | Errno {
  const file = process.files.get(descriptor);
  if (file === null) return 'EBADF';
  if (whence === 'bad') return 'EINVAL';
  const { driver, version } = process.kernel;
  // A proc file without an lseek of its own has no FMODE_LSEEK either since 5.19 (`proc_reg_open`).
  return driver.hasProcSeek && version.seeksProcFiles ? defaultSeek(file, offset, whence) : 'ESPIPE';
}

/** `default_llseek` of a file whose size is 0. */
function defaultSeek(file: OpenFile, offset: bigint, whence: Exclude<Whence, 'bad'>): bigint | Errno {
  const { position } = file;
  let target = offset;
  if (whence === 'cur') {
    target = BigInt.asIntN(64, position.toBigInt() + offset);
  } else if ((whence === 'data' || whence === 'hole') && offset >= 0n) {
    return 'ENXIO';
  } else if (whence === 'hole') {
    // A hole is looked for from the end, wherever the search begins.
    target = 0n;
  }
  if (target < 0n) return 'EINVAL';
  position.set(target <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(target) : target);
  return target;
}
