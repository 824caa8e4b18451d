import type { Outcome } from '../spec/observation.ts';
import { FIRST_ACTOR, type Operation, type OperationName } from '../spec/program.ts';
import { binds, kindOf, uses } from './shrink/fields.ts';
import type { Property } from './property.ts';

/**
 * Operations that reach further than what they name: the queue of descriptors that are under way is everybody's, dup2 takes a
 * number that may by now belong to the other group, mremap goes where the others have left room, locks on
 * everything, clear_refs and reload concern the whole process or device, and processes belong to no group.
 */
const ENTANGLED: ReadonlySet<OperationName> = new Set<OperationName>([
  'send',
  'receive',
  'dup2',
  'mremap',
  'mlockall',
  'munlockall',
  'clear_refs',
  'reload',
  'fork',
  'exit',
  'checkpoint',
]);

/**
 * Needs no model: what one open sees is the same whether or not another open is used at the same time. The operations
 * of a program are dealt to two groups by the numbers of their variables; the second group is run alone and
 * together with the first, and must see the same both times.
 */
export const isolation: Property = {
  name: 'isolation',
  text: 'What an open sees does not depend on what other opens do.',
  needs: ['outcome'],
  share: 50,
  comparesAll: false,
  leavesOut: ENTANGLED,
  expand: (program) => {
    // Limits are a process', so both groups would share them: the programs run without.
    const { version } = program;
    const ops = grouped(program.ops).map(({ op }) => apart(op));
    return [
      { version, ops: ops.filter((op) => group(op) === 1) },
      { version, ops },
    ];
  },
  judge: (program, [alone, together], { contract }) => {
    if (alone?.result !== 'observed' || together?.result !== 'observed') return undefined;
    // Opens that share a device's buffer see each other's bytes; their positions and errors are still their own.
    const bytes = contract.buffer.owner === 'description';
    let second = 0;
    for (const [index, { op, step }] of grouped(program.ops).entries()) {
      if (group(op) !== 1) continue;
      const expected = visible(op, alone.steps[second++]?.outcome, bytes);
      const observed = visible(op, together.steps[index]?.outcome, bytes);
      if (expected !== observed) {
        return { clause: bytes ? 'BUF-01' : 'READ-01', level: 'outcome', step, expected, observed };
      }
    }
    return undefined;
  },
};

/**
 * The operations that belong to a group, with their place in the program. A descriptor variable is not used again after its
 * close: its number may by then belong to another open, and which one depends on the other group.
 */
function grouped(ops: readonly Operation[]): readonly { op: Operation; step: number }[] {
  const closed = new Set<string>();
  return ops.flatMap((op, step) => {
    if (group(op) === undefined || uses(op).some((name) => closed.has(name))) return [];
    if (op.op === 'close') closed.add(op.fd);
    return [{ op, step }];
  });
}

/** 0 or 1; undefined for operations that belong to no single open, to another process, or to more than what they name. */
function group(op: Operation): 0 | 1 | undefined {
  if (ENTANGLED.has(op.op) || ('at' in op && 'arena' in op.at)) return undefined;
  const names = [...uses(op), binds(op)].filter((name) => name !== undefined);
  const [processes, others] = [names.filter(isProcess), names.filter((name) => !isProcess(name))];
  if (processes.some((name) => name !== FIRST_ACTOR)) return undefined;
  const parities = new Set(others.map((name) => Number(name.slice(1)) % 2));
  if (parities.size !== 1) return undefined;
  return parities.has(1) ? 1 : 0;
}

function isProcess(name: string): boolean {
  return kindOf(name) === kindOf(FIRST_ACTOR);
}

/** Keeps each group in its own half of the arena, so that they do not reach each other's mappings. */
function apart(op: Operation): Operation {
  if (op.op !== 'mmap') {
    if (!('at' in op) || !('length' in op)) return op;
    const isLong = typeof op.length === 'number' && op.length > 4 * 4096 && op.length < 2 ** 47;
    return isLong ? { ...op, length: 4 * 4096 } : op;
  }
  const half = group(op) === 1 ? 16 : 0;
  const length = typeof op.length === 'number' && op.length <= 8 * 4096 ? op.length : 4096;
  const page = op.place !== undefined && 'arena' in op.place.at ? Math.floor(op.place.at.arena / 4096) % 8 : 0;
  return { ...op, length, place: { how: 'fixed', at: { arena: (half + page) * 4096 } } };
}

function visible(op: Operation | undefined, outcome: Outcome | undefined, bytes: boolean): string {
  if (op === undefined || outcome === undefined) return 'not performed';
  if ('signal' in outcome) {
    return JSON.stringify(bytes ? outcome : { signal: outcome.signal, code: outcome.code, at: outcome.at });
  }
  if (!('ret' in outcome)) return JSON.stringify(outcome);
  // The number of a descriptor depends on the others that are open; what can be read depends on who shares the buffer.
  if (op.op === 'open' || op.op === 'dup') return 'ok';
  return JSON.stringify(bytes ? outcome : { ret: outcome.ret });
}
