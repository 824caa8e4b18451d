import { mmap } from '../mmap.ts';
import { mprotect } from '../mprotect.ts';
import { mremap } from '../mremap.ts';
import { munmap } from '../munmap.ts';
import type { Performers } from '../outcome.ts';

export const mappings = { mmap, munmap, mprotect, mremap } satisfies Performers<
  'mmap' | 'munmap' | 'mprotect' | 'mremap'
>;
