import { VM_ACCESS_FLAGS, VM_SOFTDIRTY, type Vma } from './vma.ts';

/**
 * `struct anon_vma`: the identity that private copies of pages belong to. Which VMAs share one decides whether they
 * may merge, so that it can be seen in /proc/PID/maps although it has no name there.
 */
export class AnonVma {
  /** The anon_vma of the process that forked; a root is its own parent. */
  readonly parent: AnonVma;
  /** `num_children`; a root counts itself. */
  children: number;
  /** `num_active_vmas`: VMAs whose new pages go here. */
  activeVmas = 0;
  /** VMAs that have this on their chain. */
  attached = 0;

  constructor(parent: AnonVma | null) {
    this.parent = parent ?? this;
    this.children = parent === null ? 1 : 0;
    if (parent !== null) parent.children += 1;
  }
}

/** `anon_vma_chain_link`. */
function link(vma: Vma, anonVma: AnonVma): void {
  vma.chain.push(anonVma);
  anonVma.attached += 1;
}

/** `__anon_vma_prepare`: before the first private copy a VMA gets an anon_vma, if possible that of a neighbour. */
export function prepareAnonVma(vma: Vma, previous: Vma | undefined, next: Vma | undefined): void {
  if (vma.anonVma !== null) return;
  const anonVma = findMergeable(vma, previous, next) ?? new AnonVma(null);
  vma.anonVma = anonVma;
  link(vma, anonVma);
  anonVma.activeVmas += 1;
}

/** `find_mergeable_anon_vma`: the neighbour above is asked first. */
function findMergeable(vma: Vma, previous: Vma | undefined, next: Vma | undefined): AnonVma | null {
  if (next !== undefined && areCompatible(vma, next) && next.chain.length === 1) return next.anonVma;
  if (previous !== undefined && areCompatible(previous, vma) && previous.chain.length === 1) return previous.anonVma;
  return null;
}

/** `anon_vma_compatible`: neighbours that differ at most in what mprotect may change. */
function areCompatible(lower: Vma, upper: Vma): boolean {
  return (
    lower.end === upper.start &&
    lower.file === upper.file &&
    ((lower.flags ^ upper.flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) === 0 &&
    upper.pgoff === lower.pgoffAt(upper.start)
  );
}

/**
 * `anon_vma_clone`: the target joins every anon_vma of the source. When it has none of its own yet (a fork), it takes
 * over an abandoned one of an ancestor, so that chains stay short over many generations. Returns the target's own one.
 */
export function cloneAnonVmas(target: Vma, source: Vma): AnonVma | null {
  for (const anonVma of source.chain) {
    link(target, anonVma);
    if (target.anonVma === null && source.anonVma !== null && anonVma.children < 2 && anonVma.activeVmas === 0) {
      target.anonVma = anonVma;
    }
  }
  if (target.anonVma !== null) target.anonVma.activeVmas += 1;
  return target.anonVma;
}

/** `anon_vma_fork`: a child's copies must not look like its parent's, so it gets an anon_vma of its own below it. */
export function forkAnonVma(child: Vma, parent: Vma): void {
  child.anonVma = null;
  if (parent.anonVma === null) return;
  if (cloneAnonVmas(child, parent) !== null) return;
  const own = new AnonVma(parent.anonVma);
  child.anonVma = own;
  link(child, own);
  own.activeVmas += 1;
}

/** `unlink_anon_vmas`. */
export function unlinkAnonVmas(vma: Vma): void {
  for (const anonVma of vma.chain) {
    anonVma.attached -= 1;
    if (anonVma.attached === 0) anonVma.parent.children -= 1;
  }
  vma.chain = [];
  if (vma.anonVma !== null) vma.anonVma.activeVmas -= 1;
  vma.anonVma = null;
}

/** `dup_anon_vma`: a VMA that grows over another one must also find that one's private pages. */
export function adoptAnonVmas(target: Vma, source: Vma): void {
  if (source.anonVma === null || target.anonVma !== null) return;
  target.anonVma = source.anonVma;
  cloneAnonVmas(target, source);
}

/**
 * `is_mergeable_anon_vma`. With a neighbour given, a missing anon_vma is only forgiven when the neighbour's chain has
 * exactly one member. A neighbour without any has none, so a range with an anon_vma does not merge into it (6.12).
 */
export function areMergeable(first: AnonVma | null, second: AnonVma | null, neighbour: Vma | null): boolean {
  if ((first === null || second === null) && (neighbour === null || neighbour.chain.length === 1)) return true;
  return first === second;
}
