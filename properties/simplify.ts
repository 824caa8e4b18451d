import { type Address, type Data, FIRST_ACTOR, type Operation, type Program } from '../spec/program.ts';
import type { Int64 } from '../spec/integer.ts';

/** Plainer variants of a program, of the same length: the second half of shrinking. Pure. */

const PAGE = 4096;

/** Pages behind the start of a mapping that an address may be told from. */
const NEAR_PAGES = 4;

/**
 * Programs of the same length that say less: first those in which several operations change together, since none of them
 * could alone, then those with one operation made plainer. Every variant is plainer by some fixed order, so this ends.
 */
export function simplifications(program: Program): Program[] {
  const { ops } = program;
  const together = [
    ops.map((op) => moved(op, (at) => ('map' in at ? { ...at, offset: 0 } : at))),
    ops.map((op) => moved(op, (at) => ('map' in at ? { ...at, offset: inPage(at.offset) } : at))),
    lowered(ops),
  ];
  const single = ops.flatMap((op, index) =>
    [...plainer(op), ...relative(op, ops.slice(0, index))].map((simpler) => ops.with(index, simpler)),
  );
  const old = JSON.stringify(ops);
  return [...together, ...single]
    .filter((variant) => JSON.stringify(variant) !== old)
    .map((variant) => ({ ...program, ops: variant }));
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

function inPage(offset: number): number {
  return ((offset % PAGE) + PAGE) % PAGE;
}

/** The operation with its addresses changed: the one it works at, and the one it asks a mapping to lie at. */
function moved(op: Operation, change: (at: Address) => Address): Operation {
  if ('at' in op) return { ...op, at: change(op.at) };
  if (op.op !== 'mmap' || op.place === undefined) return op;
  return { ...op, place: { ...op.place, at: change(op.place.at) } };
}

/** All places in the arena moved down together, so that the lowest page is the arena's first. */
function lowered(ops: readonly Operation[]): Operation[] {
  let lowest = Infinity;
  for (const op of ops) {
    moved(op, (at) => {
      if ('arena' in at) lowest = Math.min(lowest, at.arena - inPage(at.arena));
      return at;
    });
  }
  return ops.map((op) => moved(op, (at) => ('arena' in at && lowest > 0 ? { arena: at.arena - lowest } : at)));
}

/** The operation with an arena address told from a mapping instead, so that the mapping may then lie anywhere. */
function relative(op: Operation, before: readonly Operation[]): Operation[] {
  const variants: Operation[] = [];
  for (const earlier of before) {
    if (earlier.op !== 'mmap') continue;
    const { to: map, place } = earlier;
    const offsets = (arena: number): number[] => {
      const from = place !== undefined && 'arena' in place.at ? [arena - place.at.arena] : [];
      return [...from, 0, ...Array.from({ length: NEAR_PAGES }, (_, page) => page * PAGE + inPage(arena))];
    };
    for (let choice = 0; choice < NEAR_PAGES + 2; choice++) {
      variants.push(
        moved(op, (at) => {
          const offset = 'arena' in at ? offsets(at.arena)[choice] : undefined;
          return offset === undefined ? at : { map, offset };
        }),
      );
    }
  }
  return variants;
}

/** The values that come before `value` in a list from plain to less plain; the whole list if it is not in it. */
function before<T>(value: T, order: readonly T[]): readonly T[] {
  const index = order.indexOf(value);
  return index === -1 ? order : order.slice(0, index);
}

function plainerLengths(length: Int64): readonly Int64[] {
  return before<Int64>(length, [PAGE, 2 * PAGE]);
}

function plainerData(data: Data): Data[] {
  const lengths = [1, 4, 5].filter((length) => length < data.length);
  const same = data.text === 'x' ? [] : [{ text: 'x', length: data.length }];
  return [...lengths.map((length) => ({ text: 'x', length })), ...same];
}

/** Each variant comes before the operation in some order that all of them share. */
function plainer(op: Operation): Operation[] {
  const variants: Operation[] = [];
  if (op.actor !== FIRST_ACTOR && op.op !== 'exit') variants.push({ ...op, actor: FIRST_ACTOR });
  if ('at' in op && 'map' in op.at) {
    const { map, offset } = op.at;
    const offsets = [0, inPage(offset), offset - inPage(offset)].filter((less) => Math.abs(less) < Math.abs(offset));
    variants.push(...offsets.map((less) => ({ ...op, at: { map, offset: less } })));
  }
  switch (op.op) {
    case 'open':
      if (op.flags !== undefined || op.access !== 'rw') {
        variants.push({ op: 'open', actor: op.actor, to: op.to, access: 'rw' });
      }
      break;
    case 'pread':
    case 'pwrite': {
      const { offset, ...rest } = op;
      variants.push(rest.op === 'pread' ? { ...rest, op: 'read' } : { ...rest, op: 'write' });
      variants.push(...before<Int64>(offset, [0, 1]).map((plain) => ({ ...op, offset: plain })));
      break;
    }
    case 'lseek':
      variants.push(...before<Int64>(op.offset, [0, 1]).map((offset) => ({ ...op, offset })));
      variants.push(...before(op.whence, ['set', 'cur'] as const).map((whence) => ({ ...op, whence })));
      break;
    case 'mmap': {
      const { place, flags, ...rest } = op;
      if (place !== undefined) {
        variants.push({ ...rest, ...(flags && { flags }) });
        if (place.how !== 'fixed') variants.push({ ...op, place: { ...place, how: 'fixed' } });
      }
      if (flags !== undefined) variants.push({ ...rest, ...(place && { place }) });
      variants.push(...plainerLengths(op.length).map((length) => ({ ...op, length })));
      variants.push(...before<Int64>(op.offset, [0, PAGE]).map((offset) => ({ ...op, offset })));
      variants.push(...before(op.prot, ['rw-', 'r--']).map((prot) => ({ ...op, prot })));
      variants.push(...before(op.type, ['shared', 'private'] as const).map((type) => ({ ...op, type })));
      break;
    }
    case 'mprotect':
      variants.push(...before(op.prot, ['rw-', 'r--']).map((prot) => ({ ...op, prot })));
      variants.push(...plainerLengths(op.length).map((length) => ({ ...op, length })));
      break;
    case 'munmap':
      variants.push(...plainerLengths(op.length).map((length) => ({ ...op, length })));
      break;
    default:
      break;
  }
  if (op.op === 'read' || op.op === 'pread' || op.op === 'load') {
    variants.push(...before(op.length, [1, 4]).map((length) => ({ ...op, length })));
  }
  if (op.op === 'write' || op.op === 'pwrite' || op.op === 'store') {
    variants.push(...plainerData(op.data).map((data) => ({ ...op, data })));
  }
  return variants;
}
