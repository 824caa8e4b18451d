import { DONE } from '../outcomes.ts';
import type { Table } from './table.ts';

export const processTable: Table<'fork' | 'exit' | 'checkpoint' | 'reload'> = {
  fork: (execution, { to }, process) => {
    const child = process.fork();
    if (child === 'ENOMEM') return { errno: child };
    execution.processes.set(to, child);
    return DONE;
  },
  exit: (execution, { actor }, process) => {
    process.exit();
    execution.processes.delete(actor);
    return DONE;
  },
  checkpoint: () => DONE,
  /** `delete_module` with O_NONBLOCK, and if the module was let go, a new one. */
  reload: (_, __, { kernel: { driver } }) => {
    if (driver.isInUse) return { errno: 'EAGAIN' };
    driver.unload();
    const errno = driver.load();
    if (errno === null) return DONE;
    driver.load();
    return { errno };
  },
};
