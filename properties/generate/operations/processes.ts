import { FIRST_ACTOR } from '../../../spec/program.ts';
import type { Generators } from './scene.ts';

type Names = 'fork' | 'exit' | 'checkpoint' | 'reload';

/** Live processes at most: enough for grandchildren, and forks are what costs most on a target. */
const PROCESSES = 4;

/** Processes, the module, and the observer. */
export const processes: Generators<Names> = {
  fork: {
    in: { processes: 8, passing: 4, advice: 7, dirty: 5, foreign: 7, locks: 2, moving: 2 },
    make: ({ state, process, names }) => {
      if (state.processes.length >= PROCESSES) return undefined;
      return { op: 'fork', actor: process.name, to: `p${String(names.actors++)}` };
    },
  },
  exit: {
    in: { processes: 6, passing: 3, foreign: 3, module: 3 },
    make: ({ process }) => (process.name === FIRST_ACTOR ? undefined : { op: 'exit', actor: process.name }),
  },
  checkpoint: {
    in: { every: 2 },
    make: ({ process }) => ({ op: 'checkpoint', actor: process.name }),
  },
  /** Rarely: unloading and loading takes long. */
  reload: {
    in: { module: 7 },
    make: ({ process, choices, state }) => {
      // While anything is open nothing happens, so that is not asked as often.
      if (state.descriptions.size > 0 && !choices.chance(30)) return undefined;
      return { op: 'reload', actor: process.name };
    },
  },
};
