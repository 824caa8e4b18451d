import type { Performers } from '../outcome.ts';
import { clearRefs } from '../clear-refs.ts';
import { madvise } from '../madvise.ts';
import { mincore } from '../mincore.ts';
import { mlock, mlockall, munlock, munlockall } from '../mlock.ts';
import { msync } from '../msync.ts';

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
