import type { Frames, Layout } from '../spec/observation.ts';
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
  const frames: Record<string, string> = {};
  // In the order in which they are shown, which numbers them.
  const shown: number[] = [];
  for (const process of draft.processes) {
    const text = pagemapOf(process, draft, shown);
    if (text !== '') frames[process.name] = text;
  }
  return frames;
}

function pagemapOf({ pages, vmas }: Process, draft: Draft, shown: number[]): string {
  const { softDirty: hasSoftDirty, arenaPages } = draft.kernel.facts;
  let text = '';
  let area = 0;
  for (const page of ascending(pages.keys(), arenaPages)) {
    const entry = pages.get(page);
    if (entry === undefined) continue;
    while ((vmas[area]?.end ?? Infinity) <= page) area++;
    const vma = vmas[area];
    const flags = vma !== undefined && vma.start <= page ? vma.flags : 0;
    // pagemap passes over areas of VM_PFNMAP (mm/pagewalk.c `walk_page_test`).
    if ((flags & VM_PFNMAP) !== 0) continue;
    text += text === '' ? `${String(page)}:` : ` ${String(page)}:`;
    if (entry.frame === GUARD) {
      text += 'G';
      continue;
    }
    let number = shown.indexOf(entry.frame);
    if (number === -1) number = shown.push(entry.frame) - 1;
    text += String(number);
    if (!entry.anonymous) text += 'F';
    if (isMappedOnce(draft, entry.frame)) text += 'X';
    if (hasSoftDirty && (entry.softDirty || (flags & VM_SOFTDIRTY) !== 0)) text += 'D';
  }
  return text;
}

/** The pages that lie in the arena, in their order there. They mostly came in that order, so each finds its place at once. */
function ascending(pages: readonly number[], arenaPages: number): readonly number[] {
  const sorted: number[] = [];
  for (const page of pages) {
    if (page < 0 || page >= arenaPages) continue;
    let at = sorted.length;
    for (; at > 0; at--) {
      const before = sorted[at - 1];
      if (before === undefined || before < page) break;
      sorted[at] = before;
    }
    sorted[at] = page;
  }
  return sorted;
}

/** Whether one entry of all page tables refers to the frame: its `mapcount` is 1. */
function isMappedOnce({ processes }: Draft, frame: number): boolean {
  let count = 0;
  for (const { pages } of processes) {
    for (const entry of pages.values()) if (entry.frame === frame && ++count > 1) return false;
  }
  return count === 1;
}

/** Whether two observations show the same. */
export function areSame(one: Frames, other: Frames): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
