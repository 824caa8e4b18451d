import { flagsStick, hasAnonymousOffset } from '../changes.ts';
import type { Draft } from '../draft.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Vma } from '../state.ts';
import { VM_ACCESS_FLAGS, VM_MAYBE_GUARD, VM_SOFTDIRTY } from '../vm-flags.ts';

/** Flags in which areas may differ and still merge. */
export function ignoredFlags(draft: Draft): number {
  return flagsStick(draft.kernel) ? VM_SOFTDIRTY | VM_MAYBE_GUARD : VM_SOFTDIRTY;
}

/**
 * mm/rmap.c `anon_vma_prepare`: before the first private copy an area gets an anon_vma, a neighbour's if the two could be
 * parts of one mapping (`find_mergeable_anon_vma`: the next one is asked first).
 */
export function prepareAnon(process: ProcessDraft, vma: Vma, draft: Draft): Vma {
  if (vma.anon !== 0) return vma;
  const index = process.vmas.indexOf(vma);
  const next = process.vmas[index + 1];
  const previous = process.vmas[index - 1];
  let anon = 0;
  if (next !== undefined && isCompatible(vma, next, draft)) anon = reusable(next);
  if (anon === 0 && previous !== undefined && isCompatible(previous, vma, draft)) anon = reusable(previous);
  if (anon === 0) {
    anon = draft.id();
    draft.anonParents = draft.anonParents.with(anon, anon);
  }
  const prepared: Vma = { ...vma, anon, chain: [anon] };
  process.replaceArea(vma, prepared);
  return prepared;
}

/** mm/vma.c `anon_vma_compatible`. */
function isCompatible(a: Vma, b: Vma, draft: Draft): boolean {
  return (
    a.end === b.start &&
    a.description === b.description &&
    ((a.flags ^ b.flags) & ~(VM_ACCESS_FLAGS | ignoredFlags(draft))) === 0 &&
    b.pgoff === a.pgoff + (b.start - a.start) &&
    (!hasAnonymousOffset(draft.kernel) || b.anonPgoff === a.anonPgoff + (b.start - a.start))
  );
}

function reusable(vma: Vma): number {
  return vma.chain.length === 1 ? vma.anon : 0;
}

/**
 * mm/rmap.c `anon_vma_fork` and `anon_vma_clone`: the child's area is linked to all anon_vmas of the parent's and gets one of
 * its own, or takes over an ancestor's that no area uses any more and that has no other child.
 */
export function forkAnon(draft: Draft, vma: Vma, siblings: readonly Vma[]): Vma {
  const all = [...draft.processes.flatMap((process) => process.vmas), ...siblings];
  const active = (anon: number): boolean => all.some((other) => other.anon === anon);
  const linked = (anon: number): boolean => all.some((other) => other.chain.includes(anon));
  const children = (anon: number): number => {
    let count = 0;
    for (const [child, parent] of draft.anonParents) if (parent === anon && linked(child)) count++;
    return count;
  };
  const reused = vma.chain.find((anon) => anon !== vma.anon && !active(anon) && children(anon) < 2);
  if (reused !== undefined) return { ...vma, anon: reused };
  const anon = draft.id();
  draft.anonParents = draft.anonParents.with(anon, vma.anon);
  return { ...vma, anon, chain: [...vma.chain, anon] };
}
