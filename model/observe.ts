import type { Frames, Layout } from '../spec/observation.ts';
import { findVma } from './areas.ts';
import type { Draft } from './draft.ts';
import { GUARD, type Process } from './state.ts';
import { mnemonics, permissions, VM_PFNMAP, VM_SOFTDIRTY } from './vm-flags.ts';

/** What `/proc/PID/smaps` shows of each process' areas. */
export function observeLayout(draft: Draft): Layout {
  const layout: Record<string, string[]> = {};
  for (const process of draft.processes) {
    if (process.vmas.length === 0) continue;
    layout[process.name] = process.vmas.map((vma) => {
      const range = `${String(vma.start)}+${String(vma.end - vma.start)}`;
      return `${range} ${permissions(vma.flags)} ${String(vma.pgoff)} ${mnemonics(vma.flags, draft.kernel)}`;
    });
  }
  return layout;
}

/** What `/proc/PID/pagemap` shows of the arena. */
export function observeFrames(draft: Draft): Frames {
  const mapCounts = new Map<number, number>();
  for (const process of draft.processes) {
    for (const { frame } of process.pages.values()) mapCounts.set(frame, (mapCounts.get(frame) ?? 0) + 1);
  }
  const numbers = new Map<number, number>();
  const frames: Record<string, string> = {};
  const { softDirty: hasSoftDirty, arenaPages } = draft.kernel.facts;
  for (const process of draft.processes) {
    const pages = [...process.pages.keys()]
      .filter((page) => page >= 0 && page < arenaPages && isShown(process, page))
      .sort((a, b) => a - b);
    if (pages.length === 0) continue;
    let text = '';
    for (const page of pages) {
      const entry = process.pages.get(page);
      if (entry === undefined) continue;
      if (text !== '') text += ' ';
      if (entry.frame === GUARD) {
        text += `${String(page)}:G`;
        continue;
      }
      let number = numbers.get(entry.frame);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(entry.frame, number);
      }
      const file = entry.anonymous ? '' : 'F';
      const exclusive = mapCounts.get(entry.frame) === 1 ? 'X' : '';
      const isDirty =
        hasSoftDirty && (entry.softDirty || ((findVma(process.vmas, page)?.flags ?? 0) & VM_SOFTDIRTY) !== 0);
      text += `${String(page)}:${String(number)}${file}${exclusive}${isDirty ? 'D' : ''}`;
    }
    frames[process.name] = text;
  }
  return frames;
}

/** Whether pagemap shows the page: it passes over areas of VM_PFNMAP (mm/pagewalk.c `walk_page_test`). */
function isShown({ vmas }: Process, page: number): boolean {
  return ((findVma(vmas, page)?.flags ?? 0) & VM_PFNMAP) === 0;
}
