import type { Outcome } from '../spec/observation.ts';
import type { Operation } from '../spec/program.ts';
import type { Draft } from './draft.ts';
import { succeed } from './files.ts';
import type { Page, Process, Vma } from './state.ts';

type Fork = Extract<Operation, { op: 'fork' }>;

/** kernel/fork.c `dup_mmap`: every area is duplicated; page tables only where private copies may exist. */
export function fork(draft: Draft, parent: Process, op: Fork): Outcome {
  const vmas: Vma[] = [];
  const pages = new Map<number, Page>();
  for (const vma of parent.vmas) {
    const child = vma.anon === 0 ? vma : forkAnon(draft, vma, vmas);
    vmas.push(child);
    if (draft.contract.vmOperations.open) draft.callback('vm_open', '', 'FORK-02');
    if (vma.anon === 0) {
      draft.framesClauses.push('FORK-03');
      continue;
    }
    draft.framesClauses.push('FORK-04');
    for (const [page, entry] of parent.pages) if (page >= vma.start && page < vma.end) pages.set(page, entry);
  }
  if (pages.size > 0) draft.framesTouched = true;
  const child: Process = { name: op.to, descriptors: parent.descriptors, vmas, pages };
  draft.processes = [...draft.processes, child];
  if (vmas.length > 0) draft.layoutClauses.push('FORK-05');
  return succeed(draft, 0, 'FORK-01');
}

/**
 * mm/rmap.c `anon_vma_fork` and `anon_vma_clone`: the child's area is linked to all anon_vmas of the parent's and gets one of
 * its own, or takes over an ancestor's that no area uses any more and that has no other child.
 */
function forkAnon(draft: Draft, vma: Vma, siblings: readonly Vma[]): Vma {
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
  draft.anonParents = new Map(draft.anonParents).set(anon, vma.anon);
  return { ...vma, anon, chain: [...vma.chain, anon] };
}

/** The process is gone: all areas are closed, then all descriptors. */
export function exit(draft: Draft, process: Process): Outcome {
  for (const vma of process.vmas) {
    if (draft.contract.vmOperations.close) draft.callback('vm_close', '', 'EXIT-02');
    draft.drop(vma.description);
  }
  for (const description of process.descriptors) if (description !== 0) draft.drop(description);
  draft.processes = draft.processes.filter((other) => other.name !== process.name);
  if (process.pages.size > 0) draft.framesTouched = true;
  draft.framesClauses.push('EXIT-03');
  return succeed(draft, 0, 'EXIT-01');
}
