import type { Outcome } from '../../spec/observation.ts';
import { findVma, isCrowded } from './areas.ts';
import { mremapReservesAreas } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { grow, hasRoom, makeRoom, moveTo, overlaps, refusal, type Remap } from './mremap-move.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, taskPages } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { unmapRange } from './unmap.ts';

/** mm/mremap.c from Linux 6.17 on: all arguments are checked before anything is unmapped, and a move may take several areas. */
export function remapAtOnce(draft: Draft, process: ProcessDraft, remap: Remap, isMisaligned: boolean): Outcome {
  const { start, newPages } = remap;
  const isPlaced = remap.isFixed || remap.dontUnmap;
  if (isMisaligned) return fail(draft, 'EINVAL', 'REMAP-05');
  if (newPages === 0) return fail(draft, 'EINVAL', 'REMAP-06');
  if (newPages > taskPages(draft.kernel.facts)) return fail(draft, 'EINVAL', 'REMAP-10');
  if (isPlaced) {
    const bytes = remap.to ?? 0;
    if (bytes % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'REMAP-09');
    if (!remap.mayMove) return fail(draft, 'EINVAL', 'REMAP-03');
    if (remap.dontUnmap && remap.oldPages !== newPages) return fail(draft, 'EINVAL', 'REMAP-04');
    if (overlaps(draft.kernel.facts, remap, bytes / PAGE_SIZE)) return fail(draft, 'EINVAL', 'REMAP-11');
  }
  if (mremapReservesAreas(draft.kernel)) {
    if (!hasRoom(draft, process, remap.dontUnmap ? 5 : 4)) return fail(draft, 'ENOMEM', 'AREA-04');
  }
  if (remap.isFixed && remap.oldPages === newPages) return moveAll(draft, process, remap);

  const vma = findVma(process.vmas, start);
  const isGrowing = remap.oldPages < newPages;
  if (vma === undefined) return fail(draft, 'EFAULT', 'REMAP-07');
  if (isGrowing || isPlaced) {
    const refused = refusal(draft, process, vma, { ...remap, oldPages: Math.min(remap.oldPages, newPages) });
    if (refused !== undefined) return refused;
  }
  if (isPlaced) return placeOne(draft, process, remap);
  if (isGrowing) return grow(draft, process, vma, remap);
  if (remap.oldPages > newPages) {
    const end = start + remap.oldPages;
    if (unmapRange(draft, process, start + newPages, end, 'UNMAP-07') === 'no-room') {
      return fail(draft, 'ENOMEM', 'AREA-02');
    }
  }
  return succeed(draft, start, remap.oldPages === newPages ? 'REMAP-08' : 'REMAP-01');
}

/** `mremap_to`. */
function placeOne(draft: Draft, process: ProcessDraft, remap: Remap): Outcome {
  const { start, newPages } = remap;
  const target = (remap.to ?? 0) / PAGE_SIZE;
  if (!mremapReservesAreas(draft.kernel) && isCrowded(draft, process, 5)) return fail(draft, 'ENOMEM', 'AREA-04');
  if (!makeRoom(draft, process, remap, target)) return fail(draft, 'ENOMEM', 'AREA-02');
  const vma = findVma(process.vmas, start);
  if (vma === undefined) return fail(draft, 'EFAULT', 'REMAP-07');
  return moveTo(draft, process, vma, { ...remap, oldPages: Math.min(remap.oldPages, newPages) });
}

/** `remap_move`: every area of the range moves, and keeps its distance to the one before it. */
function moveAll(draft: Draft, process: ProcessDraft, remap: Remap): Outcome {
  const end = remap.start + remap.oldPages;
  const areas = process.vmas.filter((vma) => vma.end > remap.start && vma.start < end);
  const first = areas[0];
  if (first === undefined || first.start > remap.start) return fail(draft, 'EFAULT', 'REMAP-07');
  // A proc file has a `get_unmapped_area` of its own, which might not obey.
  const isAlone = draft.contract.node.kind === 'proc';
  let target = (remap.to ?? 0) / PAGE_SIZE;
  let lastEnd = 0;
  let result: Outcome | undefined;
  for (const area of areas) {
    if (isAlone && (result !== undefined || area.end < end)) return fail(draft, 'EFAULT', 'REMAP-29');
    const start = Math.max(area.start, remap.start);
    const pages = Math.min(end, area.end) - start;
    if (result !== undefined) target += area.start - lastEnd;
    lastEnd = area.end;
    const part: Remap = { ...remap, start, oldPages: pages, newPages: pages, to: target * PAGE_SIZE };
    const vma = findVma(process.vmas, start);
    const refused = refusal(draft, process, vma, part);
    if (refused !== undefined) return refused;
    const outcome = placeOne(draft, process, part);
    if (!('ret' in outcome)) return outcome;
    if (result !== undefined) draft.outcomeClauses.push('REMAP-30');
    result ??= outcome;
    target += pages;
  }
  return result ?? fail(draft, 'EFAULT', 'REMAP-07');
}
