import type { Outcome } from '../../spec/observation.ts';
import { findVma } from './areas.ts';
import type { Draft } from '../draft.ts';
import { succeed } from '../outcome.ts';
import { flush, mapPages } from '../memory/pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { GUARD } from '../state.ts';
import { VM_PFNMAP, VM_SOFTDIRTY } from '../vm-flags.ts';

/** fs/proc/task_mmu.c `clear_refs_write`: nothing counts as written any more, and the next write will fault. */
export function clearRefs(draft: Draft, process: ProcessDraft): Outcome {
  if (!draft.kernel.facts.softDirty) {
    flush(draft, process, -Infinity, Infinity);
    return succeed(draft, 0, 'DIRTY-03');
  }
  process.vmas = process.vmas.map((vma) => ({ ...vma, flags: vma.flags & ~VM_SOFTDIRTY }));
  // Also where no entry changes: the areas' flag is seen in every page.
  draft.framesTouched = true;
  draft.framesClauses.push('DIRTY-01');
  draft.layoutClauses.push('DIRTY-02');
  mapPages(draft, process, -Infinity, Infinity, (entry, page) =>
    entry.frame !== GUARD &&
    // fs/proc/task_mmu.c `clear_refs_test_walk`.
    ((findVma(process.vmas, page)?.flags ?? 0) & VM_PFNMAP) === 0 &&
    (entry.writable || entry.softDirty)
      ? { ...entry, writable: false, softDirty: false }
      : entry,
  );
  return succeed(draft, 0, 'DIRTY-03');
}
