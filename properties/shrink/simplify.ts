import { FIRST_ACTOR, type Operation, type Program } from '../../spec/program.ts';
import { binds, kindOf, moved, renamed } from './fields.ts';
import { inPage, PAGE, plainer, plainerSettings } from './plainer.ts';

/** Plainer variants of a program, of the same length: the second half of shrinking. Pure. */

/** Pages behind the start of a mapping that an address may be told from. */
const NEAR_PAGES = 4;

/**
 * Programs of the same length that say less: first those with fewer limits and those in which several operations change
 * together, since none of them could alone, then those with one operation made plainer. Every variant is plainer by some
 * fixed order, so this ends.
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
  const variants = [...together, ...single]
    .filter((variant) => JSON.stringify(variant) !== old)
    .map((variant) => ({ ...program, ops: variant }));
  return [...withPlainerSetting(program), ...variants];
}

function withPlainerSetting({ setting, ...rest }: Program): Program[] {
  if (setting === undefined) return [];
  return plainerSettings(setting).map((limits) => (limits === undefined ? rest : { ...rest, setting: limits }));
}

/** The same program with its variables numbered in order of first appearance. */
export function renumbered(program: Program): Program {
  const names = new Map<string, string>([[FIRST_ACTOR, FIRST_ACTOR]]);
  const counts = new Map<string, number>([[kindOf(FIRST_ACTOR), 1]]);
  const rename = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const letter = kindOf(name);
    const count = counts.get(letter) ?? 0;
    counts.set(letter, count + 1);
    const fresh = `${letter}${String(count)}`;
    names.set(name, fresh);
    return fresh;
  };
  return { ...program, ops: program.ops.map((op) => renamed(op, rename, true)) };
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
    const map = binds(earlier);
    if (map === undefined || kindOf(map) !== 'm') continue;
    const start = startOf(earlier);
    const offsets = (arena: number): number[] => {
      const from = start === undefined ? [] : [arena - start];
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

/** The place in the arena that an operation asks its mapping to lie at. */
function startOf(op: Operation): number | undefined {
  if (!('place' in op) || op.place === undefined) return undefined;
  const place = 'at' in op.place ? op.place.at : op.place;
  return 'arena' in place ? place.arena : undefined;
}
