import type { Vma } from './vma.ts';
import type { KernelVersion } from './kernel-version.ts';
import { VM_ACCESS_FLAGS } from './vm-flags.ts';

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
export function prepareAnonVma(
  vma: Vma,
  previous: Vma | undefined,
  next: Vma | undefined,
  version: KernelVersion,
): void {
  if (vma.anonVma !== null) return;
  const anonVma = findMergeable(vma, previous, next, version) ?? new AnonVma(null);
  vma.anonVma = anonVma;
  link(vma, anonVma);
  anonVma.activeVmas += 1;
}

/** `find_mergeable_anon_vma`: the neighbour above is asked first. */
function findMergeable(
  vma: Vma,
  previous: Vma | undefined,
  next: Vma | undefined,
  version: KernelVersion,
): AnonVma | null {
  if (next?.chain.length === 1 && areCompatible(vma, next, version)) return next.anonVma;
  if (previous?.chain.length === 1 && areCompatible(previous, vma, version)) return previous.anonVma;
  return null;
}

/** `anon_vma_compatible`: neighbours that differ at most in what mprotect may change. */
function areCompatible(lower: Vma, upper: Vma, version: KernelVersion): boolean {
  return (
    lower.end === upper.start &&
    lower.file === upper.file &&
    ((lower.flags ^ upper.flags) & ~(VM_ACCESS_FLAGS | version.mergeIgnores)) === 0 &&
    upper.pgoff === lower.pgoffAt(upper.start) &&
    (!version.hasAnonPgoff || upper.anonPgoff === lower.anonPgoffAt(upper.start))
  );
}

/**
 * `anon_vma_clone`: the target joins every anon_vma of the source. When it has none of its own yet (a fork), it takes
 * over an abandoned one of an ancestor, so that chains stay short over many generations. Returns the target's own one.
 */
export function cloneAnonVmas(target: Vma, source: Vma, version: KernelVersion): AnonVma | null {
  const chain = version.reversesChains ? source.chain.toReversed() : source.chain;
  for (const anonVma of chain) {
    link(target, anonVma);
    if (target.anonVma === null && source.anonVma !== null && anonVma.children < 2 && anonVma.activeVmas === 0) {
      target.anonVma = anonVma;
    }
  }
  if (target.anonVma !== null) target.anonVma.activeVmas += 1;
  return target.anonVma;
}

/** `anon_vma_fork`: a child's copies must not look like its parent's, so it gets an anon_vma of its own below it. */
export function forkAnonVma(child: Vma, parent: Vma, version: KernelVersion): void {
  child.anonVma = null;
  if (parent.anonVma === null) return;
  if (cloneAnonVmas(child, parent, version) !== null) return;
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
export function adoptAnonVmas(target: Vma, source: Vma, version: KernelVersion): void {
  if (source.anonVma === null || target.anonVma !== null) return;
  target.anonVma = source.anonVma;
  cloneAnonVmas(target, source, version);
}

/**
 * `is_mergeable_anon_vma` until 6.15. With a neighbour given, a missing anon_vma is only forgiven when the neighbour's chain
 * has exactly one member. A neighbour without any has none, so a range with an anon_vma does not merge into it.
 */
export function areMergeable(first: AnonVma | null, second: AnonVma | null, neighbour: Vma | null): boolean {
  if ((first === null || second === null) && (neighbour === null || neighbour.chain.length === 1)) return true;
  return first === second;
}

/** `is_mergeable_anon_vma` since 6.16: a missing anon_vma is forgiven unless the one that is there came from a parent. */
export function mayShareAnonVma(anonVma: AnonVma | null, source: Vma | null, neighbour: Vma): boolean {
  if (neighbour.anonVma === null && anonVma !== null) return !isForkChild(source);
  if (neighbour.anonVma !== null && anonVma === null) return !isForkChild(neighbour);
  return anonVma === neighbour.anonVma;
}

/** `vma_is_fork_child`. */
function isForkChild(vma: Vma | null): boolean {
  return vma !== null && vma.anonVma !== null && vma.chain.length !== 1;
}
