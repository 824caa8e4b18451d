import { traceProgram } from '../model/trace.ts';
import type { ClauseId } from '../spec/clauses.ts';
import type { Outcome } from '../spec/observation.ts';
import { FIRST_ACTOR, type Operation, type OperationName, type Program } from '../spec/program.ts';
import { binds, kindOf, uses } from './shrink/fields.ts';
import { type Checker, decidingClause, type Observed } from './judge/compare.ts';
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
 * The verdict needs no model, only the name of the clause that is broken does: what one open sees is the same whether or not another open is used at the same time. The operations
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
    const together = togetherOf(program);
    return [{ ...together, ops: together.ops.filter((op) => group(op) === 1) }, together];
  },
  judge: (program, [alone, together], checker) => {
    if (alone?.result !== 'observed' || together?.result !== 'observed') return undefined;
    // Opens that share a device's buffer see each other's bytes; their positions and errors are still their own.
    const bytes = checker.contract.buffer.owner === 'description';
    let second = 0;
    for (const [index, { op, step }] of grouped(program.ops).entries()) {
      if (group(op) !== 1) continue;
      const outcomes = [alone.steps[second++]?.outcome, together.steps[index]?.outcome] as const;
      const [expected, observed] = outcomes.map((outcome) => visible(op, outcome, bytes));
      if (expected !== observed) {
        const clause = differInBytesOnly(...outcomes) ? 'BUF-01' : clauseFor(program, index, together, checker);
        return { clause, level: 'outcome', step, expected, observed };
      }
    }
    return undefined;
  },
};

/** Both groups in one program. Limits are a process', so the groups would share them: it has none. */
function togetherOf({ version, ops }: Program): Program {
  return { version, ops: grouped(ops).map(({ op }) => apart(op)) };
}

/** Whether the bytes of another buffer were seen, and nothing else is wrong. */
function differInBytesOnly(alone: Outcome | undefined, together: Outcome | undefined): boolean {
  const isRead = alone !== undefined && 'ret' in alone && together !== undefined && 'ret' in together;
  return isRead && alone.ret === together.ret;
}

/** The clause that decides what an operation of the program with both groups returns. */
function clauseFor(program: Program, index: number, answer: Observed, { contract, kernel }: Checker): ClauseId {
  const failed = (at: number): boolean => answer.steps[at]?.failed === true;
  const step = traceProgram(togetherOf(program), contract, kernel, { failed }).steps[index];
  if (step === undefined) throw new Error('isolation: a trace has a step for each operation');
  return decidingClause(step);
}

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
