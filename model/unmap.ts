import { findVma, firstBehind, isCrowded, splitAt, withoutPages } from './areas.ts';
import type { Draft } from './draft.ts';
import type { Process } from './state.ts';

/**
 * mm/vma.c `vms_gather_munmap_vmas`: divides areas so that the range holds whole ones only. Undefined (ENOMEM) when that
 * would leave one area more than there may be.
 */
export function divide(draft: Draft, process: Process, start: number, end: number): Process | undefined {
  const first = firstBehind(process.vmas, start);
  if (first === undefined || first.start >= end) return process;
  if (first.start < start && end < first.end && isCrowded(draft, process)) return undefined;
  let current = process;
  if (first.start < start) current = splitAt(draft, current, start, 'UNMAP-06');
  return findVma(current.vmas, end) === undefined ? current : splitAt(draft, current, end, 'UNMAP-06');
}

/** `vms_complete_munmap_vmas`: takes away all areas of a range that holds whole ones only. */
export function remove(draft: Draft, process: Process, start: number, end: number, clause: string): Process {
  const inside = process.vmas.filter((vma) => vma.start >= start && vma.end <= end);
  if (inside.length === 0) return process;
  for (const vma of inside) {
    if (draft.contract.vmOperations.close) draft.callback('vm_close', '', clause);
    draft.drop(vma.description);
  }
  const pages = withoutPages(process.pages, start, end);
  if (pages !== process.pages) {
    draft.framesTouched = true;
    draft.framesClauses.push('FRAME-04');
  }
  const changed = { ...process, vmas: process.vmas.filter((vma) => !inside.includes(vma)), pages };
  draft.replace(changed);
  return changed;
}

/** mm/vma.c `do_vmi_munmap`, after its checks; undefined for ENOMEM, with nothing changed. */
export function unmapRange(
  draft: Draft,
  process: Process,
  start: number,
  end: number,
  clause: string,
): Process | undefined {
  const divided = divide(draft, process, start, end);
  return divided === undefined ? undefined : remove(draft, divided, start, end, clause);
}
