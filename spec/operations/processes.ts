import { ActorName } from '../values.ts';
import { define, failing } from './define.ts';

/** Operations on processes, on the module, and on the observer. */
export const processOperations = [
  define('fork', { to: ActorName }, (op) => `${op.to} = fork()`),
  define('exit', {}, () => 'exit()'),
  define('checkpoint', {}, () => 'checkpoint()'),
  /**
   * Unloads the driver's module (delete_module with O_NONBLOCK) and, if the kernel let it go, loads it again. The
   * outcome is that of the unloading; if an allocation is asked to fail and does, that of the loading, and the module is then
   * loaded once more.
   */
  define('reload', { fail: failing('allocation') }, () => 'reload()'),
] as const;
