import type { Performers } from '../outcome.ts';
import { clearRefs } from '../areas/clear-refs.ts';
import { madvise } from '../areas/madvise.ts';
import { mincore } from '../areas/mincore.ts';
import { mlock, mlockall, munlock, munlockall } from '../areas/mlock.ts';
import { msync } from '../areas/msync.ts';

export const advice = {
  madvise,
  msync,
  mlock,
  munlock,
  mlockall,
  munlockall,
  mincore,
  clear_refs: clearRefs,
} satisfies Performers<
  'madvise' | 'msync' | 'mlock' | 'munlock' | 'mlockall' | 'munlockall' | 'mincore' | 'clear_refs'
>;
