import { placementOf } from '../../spec/contract.ts';
import { marksTracked } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { changePage, readsNewEntries } from '../memory/pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Page, Vma } from '../state.ts';
import * as flag from '../vm-flags.ts';

/** Drivers that put all pages in place in `mmap`, instead of one by one when they are accessed. */

/** The flags that placing pages sets by itself (mm/memory.c `vm_insert_page`, `remap_pfn_range`). */
export function placementFlags({ contract, kernel }: Draft): number {
  switch (placementOf(contract)) {
    case 'fault':
      return 0;
    case 'insert':
      return flag.VM_MIXEDMAP;
    case 'remap': {
      const tracked = kernel.platform.tracksRemapped && marksTracked(kernel) ? flag.VM_PAT : 0;
      return flag.VM_PFNMAP | flag.VM_IO | flag.VM_DONTEXPAND | flag.VM_DONTDUMP | tracked;
    }
  }
}

/**
 * All pages of an area that the driver's `mmap` has just been asked for. They may be written at once where the mapping is shared and
 * writable: `vm_page_prot` is as the kernel made it of the flags, before it looks at soft-dirty.
 */
export function placePages(draft: Draft, process: ProcessDraft, vma: Vma): void {
  const placement = placementOf(draft.contract);
  if (placement === 'fault') return;
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
  draft.framesClauses.push(placement === 'insert' ? 'PLACE-01' : 'PLACE-02');
}
