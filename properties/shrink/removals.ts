import { FIRST_ACTOR, type Operation, type Program } from '../../spec/program.ts';
import { binds, kindOf, renamed, uses } from './fields.ts';

/** Shorter variants of a program: the first half of shrinking. Pure. */

/** Up to this length all pairs of operations are tried, and up to the next one all triples. */
const PAIRS_UP_TO = 12;
const TRIPLES_UP_TO = 8;

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
  const bound = (op: Operation | undefined): void => {
    const name = op === undefined ? undefined : binds(op);
    if (name !== undefined) names.add(name);
  };
  bound(ops[index]);
  for (const [at, op] of ops.entries()) {
    if (at <= index || !uses(op).some((name) => names.has(name))) continue;
    gone.add(at);
    bound(op);
  }
  return gone;
}

/**
 * Programs without one result, whose users use another one of the same kind instead. Where a descriptor was closed and its
 * number given out again, old and new name meant the same, so the close goes too or the new name takes over.
 */
function merged(ops: readonly Operation[]): Operation[][] {
  const variants: Operation[][] = [];
  for (const [index, op] of ops.entries()) {
    const before = ops.slice(0, index);
    const later = ops.slice(index + 1);
    const bound = binds(op);
    if (bound !== undefined) {
      const names = before.map(binds).filter((name) => name !== undefined && kindOf(name) === kindOf(bound));
      if (kindOf(bound) === kindOf(FIRST_ACTOR)) names.push(FIRST_ACTOR);
      for (const name of new Set(names)) {
        if (name === undefined) continue;
        const rest = renamedAll(later, bound, name);
        variants.push([...before, ...rest]);
        const unclosed = before.filter((other) => other.op !== 'close' || other.fd !== name);
        variants.push([...unclosed, ...rest]);
      }
    } else if (op.op === 'close') {
      for (const [at, other] of later.entries()) {
        const taken = binds(other);
        if (taken === undefined || kindOf(taken) !== kindOf(op.fd)) continue;
        const rest = renamedAll(later.slice(at + 1), op.fd, taken);
        variants.push([...before, ...later.slice(0, at + 1), ...rest]);
      }
    }
  }
  return variants;
}

/** The first process cannot exit, so an exit that would become its own is left out. */
function renamedAll(ops: readonly Operation[], from: string, to: string): Operation[] {
  return ops
    .filter((op) => op.op !== 'exit' || op.actor !== from || to !== FIRST_ACTOR)
    .map((op) => (uses(op).includes(from) ? renamed(op, (name) => (name === from ? to : name)) : op));
}
