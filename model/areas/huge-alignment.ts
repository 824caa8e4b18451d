import { alignsHugeLengths } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { chooseGap } from './place.ts';
import type { Process, Vma } from '../state.ts';

/** Pages that one entry of a page table's second level maps: 2 MiB on x86-64. The arena starts at a multiple of it. */
const HUGE = 512;

/** File offsets are signed and have so many pages. */
const OFFSETS = 2 ** 52;

/** Where the kernel maps these pages of the file when it may choose; undefined when nothing is long enough. */
export function gapFor(draft: Draft, { vmas }: Process, pages: number, pgoff: number): number | undefined {
  const aligned = alignedGap(draft, vmas, pages, pgoff);
  if (aligned !== undefined) draft.outcomeClauses.push('MAP-31');
  return aligned ?? chooseGap(draft.kernel.facts, vmas, pages);
}

/**
 * Where a length of whole 2 MiB goes (mm/huge_memory.c `__thp_get_unmapped_area`): the kernel looks for 2 MiB more than
 * needed, and lies in there so that addresses and file offsets agree modulo 2 MiB, the higher the better where it searches
 * from the top. Undefined where it does not try, or finds no room for more.
 */
function alignedGap({ kernel }: Draft, vmas: readonly Vma[], pages: number, pgoff: number): number | undefined {
  // A file of proc brings its own `get_unmapped_area`.
  if (!alignsHugeLengths(kernel) || !kernel.facts.hugePages || kernel.regular || pages % HUGE !== 0) return undefined;
  const aligned = signed(Math.ceil(pgoff / HUGE) * HUGE);
  const end = signed(pgoff + pages);
  if (end <= aligned || end - aligned < HUGE || pgoff + pages + HUGE >= OFFSETS) return undefined;
  const lowest = chooseGap(kernel.facts, vmas, pages + HUGE);
  if (lowest === undefined) return undefined;
  const distance = modulo(pgoff - lowest, HUGE);
  return lowest + (distance === 0 && kernel.facts.searchesUpward !== true ? HUGE : distance);
}

function signed(page: number): number {
  return modulo(page + OFFSETS / 2, OFFSETS) - OFFSETS / 2;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
