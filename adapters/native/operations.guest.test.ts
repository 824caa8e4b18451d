import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadContract } from '../../spec/io/load.ts';
import type { Observation } from '../../spec/observation.ts';
import { type Operation, type Program, PROGRAM_VERSION, type Setting, SETTING_NAMES } from '../../spec/program.ts';
import { Session } from '../../properties/engine/session.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { resolveTarget } from '../targets.ts';

/** The newest kernel knows all that the helper can do. */
const KERNEL = 'kernel:7.3';

const p0 = { actor: 'p0' } as const;
const open = (to: string, more: object = {}) => ({ op: 'open', ...p0, to, access: 'rw', ...more }) as const;
const map = (to: string, length = 4096) =>
  ({ op: 'mmap', ...p0, fd: 'd0', to, length, offset: 0, prot: 'rw-', type: 'shared' }) as const;
const m0 = (offset = 0) => ({ map: 'm0', offset });
const lock = (length: number) => ({ op: 'mlock', ...p0, at: m0(), length }) as const;
const close: Operation = { op: 'close', ...p0, fd: 'd0' };
const write = (text: string) => ({ op: 'write', ...p0, fd: 'd0', data: { text, length: text.length } }) as const;
const read: Operation = { op: 'read', ...p0, fd: 'd0', length: 4 };
const reload: Operation = { op: 'reload', ...p0 };

describe.each(['lkmc_mmap', 'pages_mmap'])('the helper in a guest with %s', (name) => {
  let session: Session;

  beforeAll(async () => {
    const target = await prepared(resolveTarget(KERNEL));
    session = await Session.open(target, loadContract(name));
  });
  afterAll(async () => {
    await session.close();
  });

  const observe = async (ops: readonly Operation[], setting?: Setting): Promise<Observation[]> => {
    const program: Program = { version: PROGRAM_VERSION, ops: [...ops], ...(setting && { setting }) };
    const [answer] = await session.run([program], { everyLayout: true });
    if (answer?.result !== 'observed') throw new Error(JSON.stringify(answer));
    return [...answer.steps, answer.end];
  };
  const outcomes = async (ops: readonly Operation[], setting?: Setting) =>
    (await observe(ops, setting)).slice(0, -1).map(({ outcome }) => ('ret' in outcome ? outcome.ret : outcome));
  const errno = (text: string) => ({ errno: text });

  it('performs everything', () => {
    expect(session.started.settings).toEqual(SETTING_NAMES);
    expect(session.started.operations).toContain('reload');
  });

  it('puts each limit into force exactly, and lifts it', async () => {
    const four = [open('d0'), map('m0'), map('m1'), map('m2')];
    const [first, second, third] = [31, 30, 29];
    expect(await outcomes(four, { addressSpace: 2 })).toEqual([0, first, second, errno('ENOMEM')]);
    // The kernel lets mmap itself go one area beyond the limit.
    expect(await outcomes(four, { areas: 1 })).toEqual([0, first, second, errno('ENOMEM')]);
    expect(await outcomes(four)).toEqual([0, first, second, third]);
    expect(await outcomes([open('d0'), open('d1'), open('d2')], { descriptors: 2 })).toEqual([0, 1, errno('EMFILE')]);
    expect(await outcomes([open('d0'), open('d1'), open('d2')])).toEqual([0, 1, 2]);
    const locking = [open('d0'), map('m0', 8192), lock(8192)];
    expect(await outcomes(locking, { locked: 1 })).toEqual([0, second, errno('ENOMEM')]);
    expect(await outcomes(locking, { locked: 0 })).toEqual([0, second, errno('EPERM')]);
    expect(await outcomes(locking)).toEqual([0, second, 0]);
  });

  it('lifts all limits before it cleans up, and needs nothing itself meanwhile', async () => {
    const setting = { addressSpace: 2, descriptors: 1, locked: 0, areas: 0 };
    const fork: Operation = { op: 'fork', ...p0, to: 'p1' };
    const hole: Operation = { op: 'munmap', ...p0, at: m0(), length: 4096 };
    const mem: Operation = { op: 'mem_read', ...p0, of: 'p1', at: m0(4096), length: 1 };
    const ops = [open('d0'), map('m0', 8192), open('d1'), fork, mem, { op: 'clear_refs', ...p0 } as const, hole];
    const observed = await observe(ops, setting);
    expect(observed.map(({ outcome }) => ('ret' in outcome ? outcome.ret : outcome))).toEqual([
      ...[0, 30, errno('EMFILE'), 0, 1, 0, 0, 0],
    ]);
    expect(observed.at(-1)?.callbacks?.at(-1)).toBe('release');
  });

  it('unlocks everything after a program', async () => {
    const all: Operation = { op: 'mlockall', ...p0, flags: ['current', 'future', 'onfault'] };
    expect(await outcomes([open('d0'), all, map('m0')])).toEqual([0, 0, 31]);
    const [, mapped] = await observe([open('d0'), map('m0')]);
    expect(mapped?.layout?.['p0']?.[0]).not.toContain(' lo');
  });

  it('loads the module again only when nothing holds it', async () => {
    const busy = errno('EAGAIN');
    const send: Operation = { op: 'send', ...p0, fd: 'd0' };
    const receive: Operation = { op: 'receive', ...p0, to: 'd0' };
    const initial = name === 'lkmc_mmap' ? '61736466' : '00*4';
    const ops = [open('d0'), write('zzzz'), reload, send, close, reload, receive, close, reload, open('d0'), read];
    const observed = await observe(ops);
    expect(observed.map(({ outcome }) => ('ret' in outcome ? outcome.ret : outcome))).toEqual([
      ...[0, 4, busy, 0, 0, busy, 0, 0, 0, 0, 4, 0],
    ]);
    expect(observed[10]?.outcome).toMatchObject({ data: initial });
    expect(observed[8]).not.toHaveProperty('callbacks');
    // What was never received holds it, too, until the program has ended.
    expect(await outcomes([open('d0'), send])).toEqual([0, 0]);
    expect(await outcomes([reload])).toEqual([0]);
  });

  it('skips a reload of a module that it does not have', async () => {
    const target = await prepared(resolveTarget(KERNEL));
    const other = await Session.open(target, { ...loadContract(name), name: 'other' });
    const [answer] = await other.run([{ version: PROGRAM_VERSION, ops: [reload] }]);
    expect(answer).toMatchObject({ result: 'skipped', reason: expect.stringContaining('"other"') as string });
    await other.close();
  });

  it('opens as nobody and is itself again', async () => {
    const nobody = open('d0', { user: 'nobody', flags: ['noatime'] });
    const refused = errno(name === 'lkmc_mmap' ? 'EACCES' : 'EPERM');
    expect(await outcomes([nobody, open('d1', { flags: ['noatime'] })])).toEqual([refused, 0]);
  });

  it('shows guard regions and gives no advice that breaks memory', async () => {
    const advise = (advice: 'guard_install' | 'hwpoison' | 'soft_offline') =>
      ({ op: 'madvise', ...p0, at: m0(), length: 4096, advice }) as const;
    const ops = [open('d0'), map('m0'), advise('hwpoison'), advise('soft_offline'), advise('guard_install')];
    const steps = await observe(ops);
    expect(steps.slice(2, 4).map(({ outcome }) => outcome)).toEqual([errno('EPERM'), errno('EPERM')]);
    if (name === 'pages_mmap') expect(steps[4]?.frames).toEqual({ p0: '31:G' });
    else expect(steps[4]?.outcome).toEqual(errno('EINVAL'));
  });
});
