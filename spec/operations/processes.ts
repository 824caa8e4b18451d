import { ActorName } from '../values.ts';
import { define } from './define.ts';

/** Operations on processes, on the module, and on the observer. */
export const processOperations = [
  define('fork', { to: ActorName }, (op) => `${op.to} = fork()`),
  define('exit', {}, () => 'exit()'),
  define('checkpoint', {}, () => 'checkpoint()'),
  /**
   * Unloads the driver's module (delete_module with O_NONBLOCK) and, if the kernel let it go, loads it again. The
   * outcome is that of the unloading.
   */
  define('reload', {}, () => 'reload()'),
] as const;
