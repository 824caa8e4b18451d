import { mmap } from '../areas/mmap.ts';
import { mprotect } from '../areas/mprotect.ts';
import { mremap } from '../areas/mremap.ts';
import { munmap } from '../areas/munmap.ts';
import type { Performers } from '../outcome.ts';

export const mappings = { mmap, munmap, mprotect, mremap } satisfies Performers<
  'mmap' | 'munmap' | 'mprotect' | 'mremap'
>;
