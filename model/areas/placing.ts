import { placementOf } from '../../spec/contract.ts';
import type { PlacementFlag } from '../../spec/placements.ts';
import { marksTracked } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { changePage, readsNewEntries } from '../memory/pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Page, Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** Drivers that put all pages in place in `mmap`, instead of one by one when they are accessed. */

const FLAG_BITS: Readonly<Record<PlacementFlag, number>> = {
  mixedmap: flag.VM_MIXEDMAP,
  pfnmap: flag.VM_PFNMAP,
  io: flag.VM_IO,
  dontexpand: flag.VM_DONTEXPAND,
  dontdump: flag.VM_DONTDUMP,
};

/** The flags that placing pages sets by itself (mm/memory.c `vm_insert_page`, `remap_pfn_range`). */
export function placementFlags({ contract, kernel }: Draft): number {
  const { flags, isTracked } = placementOf(contract);
  const tracked = isTracked && kernel.platform.tracksRemapped && marksTracked(kernel) ? flag.VM_PAT : 0;
  return flags.reduce((bits, name) => bits | FLAG_BITS[name], tracked);
}

/**
 * All pages of an area that the driver's `mmap` has just been asked for. They may be written at once where the mapping is shared and
 * writable: `vm_page_prot` is as the kernel made it of the flags, before it looks at soft-dirty.
 */
export function placePages(draft: Draft, process: ProcessDraft, vma: Vma): void {
  const { when, hasPages } = placementOf(draft.contract);
  if (when === 'access') return;
  const buffer = draft.descriptions.get(vma.description)?.buffer;
  if (buffer === undefined) throw new Error('model: an area of no file description');
  const wanted = flag.VM_SHARED | flag.VM_WRITE;
  for (let page = vma.start; page < vma.end; page++) {
    const index = draft.contract.fault === 'first' ? 0 : vma.pgoff + page - vma.start;
    const entry: Page = {
      frame: buffer + index,
      anonymous: false,
      writable: (vma.flags & wanted) === wanted,
      softDirty: false,
      dirty: false,
      known: readsNewEntries(draft),
    };
    changePage(draft, process, page, entry);
  }
  draft.framesClauses.push(draft.contract.fault === 'first' ? 'FRAME-01' : 'FRAME-02');
  draft.framesClauses.push(hasPages ? 'PLACE-01' : 'PLACE-02');
}
