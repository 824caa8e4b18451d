import { execa } from 'execa';
import { ConformanceError } from '../../spec/errors.ts';

/** After this time without the lock, the user is told what is being waited for. */
const NOTICE_MS = 500;

/**
 * Runs work while holding an exclusive lock on a file, which is created if need be and never removed (removing it
 * would let two holders lock two different files of the same name).
 *
 * The lock is the kernel's own, held by a `flock` whose stdin is a pipe from here. Whoever holds it and dies, in
 * whatever way, closes that pipe and thereby gives the lock back, so a stale lock cannot exist and need not be guessed.
 *
 * @param onWait called once if somebody else holds the lock
 */
export async function withLock<T>(
  lockPath: string,
  work: () => Promise<T>,
  options: { readonly onWait?: () => void; readonly signal?: AbortSignal } = {},
): Promise<T> {
  // `cat` gives back what it is sent as soon as it runs, and it runs as soon as the lock is held.
  const holder = execa('flock', ['--exclusive', '--no-fork', lockPath, 'cat'], {
    buffer: false,
    reject: false,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  // Writing to a holder that was cancelled; its end is noticed below.
  holder.stdin.on('error', () => undefined);
  const notice = setTimeout(() => options.onWait?.(), NOTICE_MS);
  try {
    const held = new Promise<true>((resolve) => {
      holder.stdout.once('data', () => {
        resolve(true);
      });
    });
    holder.stdin.write('held\n');
    if ((await Promise.race([held, holder])) !== true) {
      options.signal?.throwIfAborted();
      throw new ConformanceError('target', 'lock-failed', `The lock ${lockPath} could not be taken.`, {
        hint: 'Check that the cache directory is writable and that util-linux (flock) is installed.',
      });
    }
    clearTimeout(notice);
    return await work();
  } finally {
    clearTimeout(notice);
    holder.stdin.end();
    await holder;
  }
}
