import type { Frames, Layout } from '../../spec/observation.ts';
import type { PhysicalMemory } from './frames.ts';
import { ARENA } from './machine.ts';
import type { Process } from './process.ts';
import { namesOfFlags, permissionsOf, type Vma } from './vma.ts';

/** /proc/PID/smaps of every process that has mappings. */
export function observeLayout(processes: ReadonlyMap<string, Process>): Layout {
  const layout: Layout = {};
  for (const [name, { space }] of processes) {
    if (space.vmas.length === 0) continue;
    layout[name] = space.vmas.map((vma) => describeVma(vma));
  }
  return layout;
}

/** `FIRST+PAGES PERMS PGOFF FLAGS…`, as `show_map_vma` and `show_smap_vma_flags` print it. */
function describeVma({ start, pages, pgoff, flags }: Vma): string {
  return `${String(start)}+${String(pages)} ${permissionsOf(flags)} ${String(pgoff)} ${namesOfFlags(flags)}`;
}

/** /proc/PID/pagemap of the arena, and the memory of what was said before: only changes are worth a line. */
export class FrameObserver {
  readonly #memory: PhysicalMemory;
  #generation = -1;
  #said = '';

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  /** Every program starts with no page present. */
  reset(): void {
    this.#generation = this.#memory.generation;
    this.#said = '';
  }

  /** The frames of all processes, or null when they are as they were. */
  observe(processes: ReadonlyMap<string, Process>): Frames | null {
    if (this.#generation === this.#memory.generation) return null;
    this.#generation = this.#memory.generation;
    const observation = this.#memory.nextObservation();

    const frames: Frames = {};
    let said = '';
    let count = 0;
    for (const [name, { space }] of processes) {
      let text = '';
      const pages = space.pageTable.presentIn(ARENA.start, ARENA.end).toSorted((one, other) => one - other);
      for (const page of pages) {
        const frame = space.pageTable.get(page)?.frame;
        if (frame === undefined) continue;
        if (frame.seenBy !== observation) {
          frame.seenBy = observation;
          frame.number = count;
          count += 1;
        }
        if (text !== '') text += ' ';
        // Soft-dirty holds for all pages, because every VMA is new since the last reset that never happens.
        text += `${String(page)}:${String(frame.number)}${frame.anonymous ? '' : 'F'}${frame.mappings === 1 ? 'X' : ''}D`;
      }
      if (text === '') continue;
      frames[name] = text;
      said += `${name} ${text}\n`;
    }
    if (said === this.#said) return null;
    this.#said = said;
    return frames;
  }
}
