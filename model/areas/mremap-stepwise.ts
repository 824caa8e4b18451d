import { toUnsigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import { findVma, isCrowded } from './areas.ts';
import { mremapLooksUpFirst } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { grow, makeRoom, moveTo, overlaps, refusal, type Remap } from './mremap-move.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, taskPages } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { unmapRange } from './unmap.ts';

/** mm/mremap.c up to Linux 6.16: checks and changes alternate, so that an error may leave something half-done. */
export function remapStepwise(draft: Draft, process: ProcessDraft, remap: Remap, isMisaligned: boolean): Outcome {
  const { op, start, newPages } = remap;
  if (remap.isFixed && !remap.mayMove) return fail(draft, 'EINVAL', 'REMAP-03');
  if (remap.dontUnmap && (!remap.mayMove || toUnsigned(op.oldLength) !== toUnsigned(op.newLength))) {
    return fail(draft, 'EINVAL', 'REMAP-04');
  }
  if (isMisaligned) return fail(draft, 'EINVAL', 'REMAP-05');
  if (newPages === 0) return fail(draft, 'EINVAL', 'REMAP-06');
  if (mremapLooksUpFirst(draft.kernel) && findVma(process.vmas, start) === undefined) {
    return fail(draft, 'EFAULT', 'REMAP-07');
  }
  if (remap.isFixed || remap.dontUnmap) return remapTo(draft, process, remap);
  if (remap.oldPages >= newPages) return shrink(draft, process, remap);
  const vma = findVma(process.vmas, start);
  const refused = refusal(draft, process, vma, remap);
  if (refused !== undefined || vma === undefined) return refused ?? fail(draft, 'EFAULT', 'REMAP-07');
  return grow(draft, process, vma, remap);
}

/** A shrinking remap unmaps the tail, whatever lies there. */
function shrink(draft: Draft, process: ProcessDraft, { start, oldPages, newPages }: Remap): Outcome {
  if (oldPages > newPages && unmapRange(draft, process, start + newPages, start + oldPages, 'UNMAP-07') === 'no-room') {
    return fail(draft, 'ENOMEM', 'AREA-02');
  }
  return succeed(draft, start, oldPages === newPages ? 'REMAP-08' : 'REMAP-01');
}

/** `mremap_to` before 6.17: what lies at the new place is gone before the rest is looked at. */
function remapTo(draft: Draft, process: ProcessDraft, remap: Remap): Outcome {
  const { start, newPages } = remap;
  const bytes = remap.to ?? 0;
  const target = bytes / PAGE_SIZE;
  if (bytes % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'REMAP-09');
  if (newPages > taskPages(draft.kernel.facts)) return fail(draft, 'EINVAL', 'REMAP-10');
  if (overlaps(draft.kernel.facts, remap, target)) return fail(draft, 'EINVAL', 'REMAP-11');
  if (isCrowded(draft, process, 5)) return fail(draft, 'ENOMEM', 'AREA-04');
  if (!makeRoom(draft, process, remap, target)) return fail(draft, 'ENOMEM', 'AREA-02');
  if (remap.oldPages > newPages) remap.oldPages = newPages;
  const vma = findVma(process.vmas, start);
  const refused = refusal(draft, process, vma, remap);
  if (refused !== undefined || vma === undefined) return refused ?? fail(draft, 'EFAULT', 'REMAP-07');
  return moveTo(draft, process, vma, remap);
}
