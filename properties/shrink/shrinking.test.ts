import { describe, expect, it } from 'vitest';
import { Session } from '../engine/session.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { loadContract } from '../../spec/io/load.ts';
import { type Operation, Program, PROGRAM_VERSION, type Setting } from '../../spec/program.ts';
import { ProgramArbitrary, programNumber, surroundingsOf } from '../generate/program.ts';
import { removals } from './removals.ts';
import { renumbered, simplifications } from './simplify.ts';

function program(ops: readonly Operation[], setting?: Setting): Program {
  return { version: PROGRAM_VERSION, ...(setting && { setting }), ops: [...ops] };
}

async function generated(count: number): Promise<Program[]> {
  const contract = loadContract('pages_mmap');
  const session = await Session.open(await prepared(resolveTarget('reference')), contract);
  await session.close();
  const arbitrary = new ProgramArbitrary(surroundingsOf(contract, session.profile, session.started));
  return Array.from({ length: count }, (_, index) => programNumber(arbitrary, 5, index));
}

/** Shrinks as the engine does, with a predicate in place of a target. */
function shrunk(start: Program, fails: (program: Program) => boolean): { program: Program; rounds: number } {
  let best = start;
  let rounds = 0;
  for (;;) {
    const next = removals(best).find(fails) ?? simplifications(best).find(fails);
    if (next === undefined) return { program: best, rounds };
    best = next;
    rounds++;
    if (rounds > 5000) throw new Error(`no end: ${JSON.stringify(best)}`);
  }
}

describe('removals and simplifications', () => {
  it('are programs, shorter ones and equally long ones', async () => {
    for (const original of await generated(25)) {
      const [shorter, plainer] = [removals(original), simplifications(original)];
      for (const variant of [...shorter, ...plainer].filter((_, index) => index % 7 === 0)) {
        expect(Program.safeParse(variant).error?.issues, JSON.stringify(variant)).toBeUndefined();
      }
      expect(shorter.every(({ ops }) => ops.length < original.ops.length)).toBe(true);
      expect(plainer.every(({ ops }) => ops.length === original.ops.length)).toBe(true);
    }
  });

  it('come to an end, whichever operations a failure needs', async () => {
    for (const original of await generated(40)) {
      const needed = original.ops.at(-1)?.op;
      const fails = ({ ops }: Program): boolean => ops.some(({ op }) => op === needed);
      const { program: result } = shrunk(original, fails);
      expect(result.ops.map(({ op }) => op)).toEqual([needed]);
      expect(result.setting).toBeUndefined();
      expect(simplifications(result).filter(fails)).toEqual([]);
    }
  });
});

describe('a shrunk program', () => {
  const open: Operation = { op: 'open', actor: 'p0', to: 'd0', access: 'rw' };

  it('keeps the limit that it needs, lowered, and no other', () => {
    const start = program([open], { areas: 5, descriptors: 4 });
    const { program: result } = shrunk(
      start,
      ({ ops, setting }) => ops.length > 0 && setting?.descriptors !== undefined,
    );
    expect(result.setting).toEqual({ descriptors: 0 });
  });

  it('transfers by the plainest call that still fails', () => {
    const vector: Operation = {
      op: 'preadv2',
      actor: 'p0',
      fd: 'd0',
      lengths: [4, 4096, 2],
      offset: 3,
      flags: ['nowait', 'hipri'],
    };
    const reads = ({ ops }: Program): boolean => ops.some((op) => 'fd' in op && ('length' in op || 'lengths' in op));
    expect(shrunk(program([open, vector]), reads).program.ops).toEqual([
      { op: 'read', actor: 'p0', fd: 'd0', length: 1 },
    ]);
    const flagged = ({ ops }: Program): boolean => ops.some((op) => op.op === 'preadv2' && op.flags?.includes('hipri'));
    expect(shrunk(program([open, vector]), flagged).program.ops).toEqual([
      { op: 'preadv2', actor: 'p0', fd: 'd0', lengths: [], offset: 0, flags: ['hipri'] },
    ]);
  });

  it('follows results of every kind of operation when one is taken out', () => {
    const start = program([
      open,
      { op: 'mmap', actor: 'p0', fd: 'd0', to: 'm0', length: 4096, offset: 0, prot: 'rw-', type: 'shared' },
      { op: 'mremap', actor: 'p0', at: { map: 'm0', offset: 0 }, oldLength: 4096, newLength: 8192, to: 'm1' },
      { op: 'fork', actor: 'p0', to: 'p1' },
      { op: 'vm_read', actor: 'p0', of: 'p1', at: { map: 'm1', offset: 0 }, length: 1 },
    ]);
    const texts = removals(start).map(({ ops }) => JSON.stringify(ops));
    // Without mremap, whose result m0 stands in for; without fork, whose child the first process stands in for.
    const [o, m, r, f, v] = start.ops;
    expect(texts).toContain(JSON.stringify([o, m, f, { ...v, at: { map: 'm0', offset: 0 } }]));
    expect(texts).toContain(JSON.stringify([o, m, r, { ...v, of: 'p0' }]));
  });

  it('reads wild pointers and places plainly', () => {
    const wild: Operation = {
      op: 'read_into',
      actor: 'p0',
      fd: 'd0',
      at: { wild: 'noncanonical' },
      length: 100,
      offset: 3,
    };
    const isWild = ({ ops }: Program): boolean => ops.some((op) => 'at' in op && 'wild' in op.at);
    expect(shrunk(program([wild]), isWild).program.ops).toEqual([
      { op: 'read_into', actor: 'p0', fd: 'd0', at: { wild: 'null' }, length: 1 },
    ]);
  });

  it('has its variables numbered in order of appearance', () => {
    const ops: Operation[] = [
      { op: 'open', actor: 'p0', to: 'd7', access: 'rw' },
      { op: 'dup2', actor: 'p0', fd: 'd7', onto: 'd9', to: 'd3', call: 'dup3' },
      { op: 'vm_read', actor: 'p0', of: 'p4', at: { map: 'm8', offset: 0 }, length: 1 },
    ];
    expect(renumbered(program(ops)).ops).toEqual([
      { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
      { op: 'dup2', actor: 'p0', fd: 'd0', onto: 'd1', to: 'd2', call: 'dup3' },
      { op: 'vm_read', actor: 'p0', of: 'p1', at: { map: 'm0', offset: 0 }, length: 1 },
    ]);
  });
});
