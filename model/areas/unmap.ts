import type { ClauseId } from '../../spec/clauses.ts';
import { findVma, firstBehind, isCrowded, splitAt } from './areas.ts';
import type { Draft } from '../draft.ts';
import { removePages } from '../memory/pages.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';

/**
 * mm/vma.c `vms_gather_munmap_vmas`: divides areas so that the range holds whole ones only. Whether that was possible (else
 * ENOMEM): it must not leave one area more than there may be.
 */
export function divide(draft: Draft, process: ProcessDraft, start: number, end: number): boolean {
  const first = firstBehind(process.vmas, start);
  if (first === undefined || first.start >= end) return true;
  if (first.start < start && end < first.end && isCrowded(draft, process)) return false;
  if (first.start < start) splitAt(draft, process, start, 'UNMAP-06');
  if (findVma(process.vmas, end) !== undefined) splitAt(draft, process, end, 'UNMAP-06');
  return true;
}

/** `vms_complete_munmap_vmas`: takes away all areas of a range that holds whole ones only. Whether there were any. */
export function remove(draft: Draft, process: ProcessDraft, start: number, end: number, clause: ClauseId): boolean {
  const inside = process.vmas.filter((vma) => vma.start >= start && vma.end <= end);
  if (inside.length === 0) return false;
  for (const vma of inside) {
    if (draft.contract.vmOperations.close) draft.callback('vm_close', '', clause);
    draft.drop(vma.description);
  }
  if (removePages(draft, process, (page) => page >= start && page < end)) draft.framesClauses.push('FRAME-04');
  process.vmas = process.vmas.filter((vma) => !inside.includes(vma));
  return true;
}

/** mm/vma.c `do_vmi_munmap`, after its checks: whether anything was mapped, or `no-room` (ENOMEM) with nothing changed. */
export function unmapRange(
  draft: Draft,
  process: ProcessDraft,
  start: number,
  end: number,
  clause: ClauseId,
): boolean | 'no-room' {
  return divide(draft, process, start, end) ? remove(draft, process, start, end, clause) : 'no-room';
}
