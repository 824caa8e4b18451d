import type { Operation, Program } from '../spec/program.ts';
import { FIRST_ACTOR } from '../spec/program.ts';

/** Variants of a program that mean less: the raw material of shrinking. Pure. */

const PAGE = 4096;

/** The program without the operations at these indexes. */
export function without(program: Program, indexes: ReadonlySet<number>): Program {
  return { ...program, ops: program.ops.filter((_, index) => !indexes.has(index)) };
}

/**
 * Smaller programs: all lengths of chunks first, then single operations, each together with what depends on it, then
 * pairs. Longest cut first, so the first that still fails is the best of its round.
 */
export function removals(program: Program): Program[] {
  const { ops } = program;
  const seen = new Set<string>();
  const candidates: Program[] = [];
  const offer = (indexes: ReadonlySet<number>): void => {
    const key = [...indexes].sort((a, b) => a - b).join();
    if (indexes.size === 0 || seen.has(key)) return;
    seen.add(key);
    candidates.push(without(program, indexes));
  };
  for (let size = Math.floor(ops.length / 2); size > 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < ops.length; start += size) {
      offer(new Set(ops.keys().filter((index) => index >= start && index < start + size)));
    }
  }
  for (const index of ops.keys()) offer(dependents(ops, index));
  for (const index of ops.keys()) offer(new Set([index]));
  if (ops.length <= 12) {
    for (let a = 0; a < ops.length; a++) for (let b = a + 1; b < ops.length; b++) offer(new Set([a, b]));
  }
  return candidates.sort((a, b) => a.ops.length - b.ops.length);
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

/** Programs of the same length with one operation made plainer. */
export function simplifications(program: Program): Program[] {
  return program.ops.flatMap((op, index) =>
    [...plainer(op), ...relative(op, program.ops.slice(0, index))].map((simpler) => ({
      ...program,
      ops: program.ops.with(index, simpler),
    })),
  );
}

/** The operation with an arena address told from a mapping instead, so that the mapping may then lie anywhere. */
function relative(op: Operation, before: readonly Operation[]): Operation[] {
  if (!('at' in op) || !('arena' in op.at)) return [];
  const { arena } = op.at;
  const maps = before.flatMap((earlier) => (earlier.op === 'mmap' ? [earlier.to] : []));
  return maps.flatMap((map) => [0, arena % PAGE].map((offset) => ({ ...op, at: { map, offset } })));
}

function plainer(op: Operation): Operation[] {
  const variants: Operation[] = [];
  const offer = (variant: Operation): void => {
    if (JSON.stringify(variant) !== JSON.stringify(op)) variants.push(variant);
  };
  if (op.actor !== FIRST_ACTOR && op.op !== 'exit') offer({ ...op, actor: FIRST_ACTOR });
  switch (op.op) {
    case 'open':
      offer({ op: 'open', actor: op.actor, to: op.to, access: 'rw' });
      break;
    case 'read':
    case 'pread':
    case 'load':
      for (const length of [1, 4]) if (length < op.length) offer({ ...op, length });
      break;
    case 'write':
    case 'pwrite':
    case 'store':
      for (const text of ['x', op.data.text.slice(0, 1)]) offer({ ...op, data: { text, length: 1 } });
      break;
    case 'mmap': {
      const { place, flags, ...rest } = op;
      if (place !== undefined) offer({ ...rest, ...(flags && { flags }) });
      if (flags !== undefined) offer({ ...rest, ...(place && { place }) });
      for (const length of [PAGE, 2 * PAGE]) {
        if (typeof op.length !== 'number' || length < op.length) offer({ ...op, length });
      }
      if (op.offset !== 0) offer({ ...op, offset: 0 });
      for (const prot of ['rw-', 'r--']) if (op.prot !== 'rw-') offer({ ...op, prot });
      if (op.type !== 'shared') offer({ ...op, type: 'shared' });
      break;
    }
    case 'munmap':
    case 'mprotect':
      if (typeof op.length !== 'number' || op.length > PAGE) offer({ ...op, length: PAGE });
      break;
    default:
      break;
  }
  if ('offset' in op && op.op !== 'mmap' && op.offset !== 0) offer({ ...op, offset: 0 });
  if ('at' in op && 'map' in op.at && op.at.offset !== 0) offer({ ...op, at: { ...op.at, offset: 0 } });
  return variants;
}

/** The same program with its variables numbered in order of first appearance. */
export function renumbered(program: Program): Program {
  const names = new Map<string, string>([[FIRST_ACTOR, FIRST_ACTOR]]);
  const counts = new Map<string, number>([['p', 1]]);
  const rename = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const letter = name.slice(0, 1);
    const count = counts.get(letter) ?? 0;
    counts.set(letter, count + 1);
    const fresh = `${letter}${String(count)}`;
    names.set(name, fresh);
    return fresh;
  };
  const text = JSON.stringify(program.ops, (key, value: unknown) =>
    typeof value === 'string' && ['actor', 'to', 'fd', 'map'].includes(key) ? rename(value) : value,
  );
  return { ...program, ops: JSON.parse(text) as Operation[] };
}
