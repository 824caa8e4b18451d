import type { Frames, Layout } from '../../spec/observation.ts';
import type { AddressSpace } from './address-space.ts';
import type { PhysicalMemory } from './frames.ts';
import type { KernelVersion } from './kernel-version.ts';
import { ARENA } from './machine.ts';
import type { Process } from './process.ts';
import { permissionsOf, type Vma } from './vma.ts';
import { namesOfFlags, VM_SOFTDIRTY } from './vm-flags.ts';

/** /proc/PID/smaps of every process that has mappings. */
export function observeLayout(processes: ReadonlyMap<string, Process>): Layout {
  const layout: Layout = {};
  for (const [name, { space }] of processes) {
    if (space.vmas.length === 0) continue;
    layout[name] = space.vmas.map((vma) => describeVma(vma, space.kernel.version));
  }
  return layout;
}

/** `FIRST+PAGES PERMS PGOFF FLAGS…`, as `show_map_vma` and `show_smap_vma_flags` print it. */
function describeVma({ start, pages, pgoff, flags }: Vma, { unnamedFlags }: KernelVersion): string {
  return `${String(start)}+${String(pages)} ${permissionsOf(flags)} ${String(pgoff)} ${namesOfFlags(flags, unnamedFlags)}`;
}

/** /proc/PID/pagemap of the arena, and the memory of what was said before: only changes are worth a line. */
export class FrameObserver {
  readonly #memory: PhysicalMemory;
  #said = '';

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  /** Every program starts with no page present. */
  reset(): void {
    this.#said = '';
  }

  /** The frames of all processes, or null when they are as they were. */
  observe(processes: ReadonlyMap<string, Process>): Frames | null {
    const observation = this.#memory.nextObservation();
    const numbers = { next: 0, observation };
    const frames: Frames = {};
    let said = '';
    for (const [name, { space }] of processes) {
      const text = describePages(space, numbers);
      if (text === '') continue;
      frames[name] = text;
      said += `${name} ${text}\n`;
    }
    if (said === this.#said) return null;
    this.#said = said;
    return frames;
  }
}

/** The pages of one process; frames that were not seen before get the next number. */
function describePages(space: AddressSpace, numbers: { next: number; readonly observation: number }): string {
  const { pageTable } = space;
  const pages = [...pageTable.presentIn(ARENA.start, ARENA.end), ...pageTable.guardsIn(ARENA.start, ARENA.end)];
  const texts: string[] = [];
  for (const page of pages.toSorted((one, other) => one - other)) {
    const entry = pageTable.get(page);
    if (entry === undefined) {
      texts.push(`${String(page)}:G`);
      continue;
    }
    // `pagemap_pte_hole`, which is what a walk finds where there are page frame numbers.
    if (entry.special === true) continue;
    const { frame } = entry;
    if (frame.seenBy !== numbers.observation) {
      frame.seenBy = numbers.observation;
      frame.number = numbers.next;
      numbers.next += 1;
    }
    const flags = space.find(page)?.flags ?? 0;
    const softDirty = entry.softDirty || (flags & VM_SOFTDIRTY) !== 0;
    const marks = (frame.anonymous ? '' : 'F') + (frame.mappings === 1 ? 'X' : '') + (softDirty ? 'D' : '');
    texts.push(`${String(page)}:${String(frame.number)}${marks}`);
  }
  return texts.join(' ');
}
