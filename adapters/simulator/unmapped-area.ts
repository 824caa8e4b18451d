import type { AddressSpace } from './address-space.ts';
import type { Result } from './errno.ts';
import { ARENA, PAGE_SIZE, type PageRange, TASK_PAGES, ZONE } from './machine.ts';

export type Placing = 'anywhere' | 'hint' | 'fixed' | 'noreplace';

interface PlaceRequest {
  readonly place: Placing;
  /** Bytes from the start of the arena; meaningless without a place. */
  readonly address: number;
  readonly pages: number;
  /** The first page's offset in the file. */
  readonly pgoff: number;
}

const PMD_SHIFT = 21;
const PMD_BYTES = 2n ** BigInt(PMD_SHIFT);
const PMD_PAGES = 512;
const PAGE_BYTES = BigInt(PAGE_SIZE);

/** `__get_unmapped_area`: where the mapping goes. */
export function unmappedArea(space: AddressSpace, { pages, pgoff, place, address }: PlaceRequest): Result {
  if (pages > TASK_PAGES) return 'ENOMEM';
  if (place === 'fixed' || place === 'noreplace') {
    return address % PAGE_SIZE === 0 ? address / PAGE_SIZE : 'EINVAL';
  }
  if (place === 'hint') {
    // `round_hint_to_min` rounds down; a hint that is taken is no error.
    const page = Math.floor(address / PAGE_SIZE);
    if (isFree(space, page, page + pages)) return page;
  }
  const aligned = place === 'anywhere' && pages % PMD_PAGES === 0 ? alignedForHugePages(space, pages, pgoff) : null;
  return aligned ?? topDown(space, pages) ?? 'ENOMEM';
}

/** `arch_get_unmapped_area_topdown`. */
function topDown(space: AddressSpace, pages: number): number | null {
  return pages > TASK_PAGES ? null : (highestGap(space, ARENA, pages) ?? highestGap(space, ZONE, pages));
}

/**
 * `__thp_get_unmapped_area`, in bytes and in 64 bits as there; null is its 0, for which the caller falls back. A proc file
 * comes with `pde_get_unmapped_area`, which never gets here.
 */
function alignedForHugePages(space: AddressSpace, pages: number, pgoff: number): number | null {
  const { version, driver } = space.kernel;
  if (!version.alignsFilesForHugePages || driver.isRegularFile) return null;
  const [offset, length] = [BigInt(pgoff) * PAGE_BYTES, BigInt(pages) * PAGE_BYTES];
  const offsetEnd = BigInt.asIntN(64, offset + length);
  const offsetAligned = BigInt.asIntN(64, ((offset + PMD_BYTES - 1n) / PMD_BYTES) * PMD_BYTES);
  if (offsetEnd <= offsetAligned || offsetEnd - offsetAligned < PMD_BYTES) return null;
  if (offset + length + PMD_BYTES >= 2n ** 64n) return null;

  const padded = topDown(space, pages + PMD_PAGES);
  if (padded === null) return null;
  const shift = Number(BigInt.asUintN(PMD_SHIFT, offset - BigInt(padded) * PAGE_BYTES)) / PAGE_SIZE;
  return padded + (shift === 0 ? PMD_PAGES : shift);
}

/** Whether nothing is mapped in the range, somebody else's mappings included. */
export function isFree(space: AddressSpace, start: number, end: number): boolean {
  const isOurs = [ARENA, ZONE].some((range) => start >= range.start && start < range.end && end <= range.end);
  return isOurs && !space.intersects(start, end);
}

/** `vm_unmapped_area` top-down, within one of the two ranges that are not somebody else's. */
function highestGap(space: AddressSpace, within: PageRange, pages: number): number | null {
  let end = within.end;
  for (let index = space.indexFrom(within.end) - 1; index >= 0; index -= 1) {
    const vma = space.vmas[index];
    if (vma === undefined || vma.end <= within.start) break;
    if (end - vma.end >= pages) break;
    end = vma.start;
  }
  return end - within.start >= pages ? end - pages : null;
}
