import { FIRST_ACTOR, type Operation, type Program } from '../spec/program.ts';

/** Shorter variants of a program: the first half of shrinking. Pure. */

/** Up to this length all pairs of operations are tried, and up to the next one all triples. */
const PAIRS_UP_TO = 12;
const TRIPLES_UP_TO = 8;

type Kind = 'actor' | 'fd' | 'map';

/**
 * Shorter programs: all lengths of chunks, single operations, each alone, with what depends on it, or with its result
 * replaced by an earlier one of the same kind; then pairs and triples. Longest cut first, so the first that still fails
 * is the best of its round.
 */
export function removals(program: Program): Program[] {
  const { ops } = program;
  const seen = new Set<string>();
  const candidates: Program[] = [];
  const offer = (variant: readonly Operation[]): void => {
    const key = JSON.stringify(variant);
    if (variant.length === ops.length || seen.has(key)) return;
    seen.add(key);
    candidates.push({ ...program, ops: [...variant] });
  };
  for (let size = Math.floor(ops.length / 2); size > 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < ops.length; start += size) offer(ops.toSpliced(start, size));
  }
  for (const index of ops.keys()) offer(without(ops, dependents(ops, index)));
  for (const variant of merged(ops)) offer(variant);
  for (const index of ops.keys()) offer(ops.toSpliced(index, 1));
  for (const indexes of combinations(ops.length)) offer(without(ops, indexes));
  return candidates.sort((a, b) => a.ops.length - b.ops.length);
}

function without(ops: readonly Operation[], indexes: ReadonlySet<number>): Operation[] {
  return ops.filter((_, index) => !indexes.has(index));
}

function combinations(length: number): Set<number>[] {
  const found: Set<number>[] = [];
  if (length > PAIRS_UP_TO) return found;
  for (let a = 0; a < length; a++) {
    for (let b = a + 1; b < length; b++) {
      found.push(new Set([a, b]));
      if (length <= TRIPLES_UP_TO) for (let c = b + 1; c < length; c++) found.push(new Set([a, b, c]));
    }
  }
  return found;
}

/** An operation and all that use what it yields. */
function dependents(ops: readonly Operation[], index: number): Set<number> {
  const gone = new Set([index]);
  const names = new Set<string>();
  const first = ops[index];
  if (first !== undefined && 'to' in first) names.add(first.to);
  for (const [at, op] of ops.entries()) {
    if (at <= index) continue;
    if (uses(op).some((name) => names.has(name))) {
      gone.add(at);
      if ('to' in op) names.add(op.to);
    }
  }
  return gone;
}

function uses(op: Operation): string[] {
  const names: string[] = [op.actor];
  if ('fd' in op) names.push(op.fd);
  if ('at' in op && 'map' in op.at) names.push(op.at.map);
  if (op.op === 'mmap' && op.place !== undefined && 'map' in op.place.at) names.push(op.place.at.map);
  return names;
}

/**
 * Programs without one result, whose users use another one of the same kind instead. Where a descriptor was closed and its
 * number given out again, old and new name meant the same, so the close goes too or the new name takes over.
 */
function merged(ops: readonly Operation[]): Operation[][] {
  const variants: Operation[][] = [];
  for (const [index, op] of ops.entries()) {
    const later = ops.slice(index + 1);
    if ('to' in op) {
      const before = ops.slice(0, index);
      const names = before.flatMap((other) => ('to' in other && kindOf(other) === kindOf(op) ? [other.to] : []));
      if (op.op === 'fork') names.push(FIRST_ACTOR);
      for (const name of names) {
        const rest = renamedAll(later, kindOf(op), op.to, name);
        variants.push([...before, ...rest]);
        const unclosed = before.filter((other) => other.op !== 'close' || other.fd !== name);
        variants.push([...unclosed, ...rest]);
      }
    } else if (op.op === 'close') {
      for (const [at, other] of later.entries()) {
        if (other.op !== 'open' && other.op !== 'dup') continue;
        const rest = renamedAll(later.slice(at + 1), 'fd', op.fd, other.to);
        variants.push([...ops.slice(0, index), ...later.slice(0, at + 1), ...rest]);
      }
    }
  }
  return variants;
}

function kindOf(op: Operation): Kind {
  if (op.op === 'fork') return 'actor';
  return op.op === 'mmap' ? 'map' : 'fd';
}

/** The first process cannot exit, so an exit that would become its own is left out. */
function renamedAll(ops: readonly Operation[], kind: Kind, from: string, to: string): Operation[] {
  return ops
    .filter((op) => op.op !== 'exit' || kind !== 'actor' || op.actor !== from || to !== FIRST_ACTOR)
    .map((op) => renamed(op, kind, from, to));
}

function renamed(op: Operation, kind: Kind, from: string, to: string): Operation {
  if (kind === 'actor') return op.actor === from ? { ...op, actor: to } : op;
  if (kind === 'fd') return 'fd' in op && op.fd === from ? { ...op, fd: to } : op;
  if ('at' in op) return 'map' in op.at && op.at.map === from ? { ...op, at: { ...op.at, map: to } } : op;
  const place = op.op === 'mmap' ? op.place : undefined;
  if (op.op !== 'mmap' || place === undefined || !('map' in place.at) || place.at.map !== from) return op;
  return { ...op, place: { ...place, at: { ...place.at, map: to } } };
}
