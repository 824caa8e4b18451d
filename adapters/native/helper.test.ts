import { describe, expect, it } from 'vitest';
import lkmc from '../../spec/contracts/lkmc_mmap.json' with { type: 'json' };
import pages from '../../spec/contracts/pages_mmap.json' with { type: 'json' };
import { PROTOCOL_VERSION } from '../../spec/protocol.ts';
import { childrenOf, useHelper, VARIANTS } from '../../tools/testing/helper.ts';
import { startHelper } from '../../tools/testing/helper-process.ts';

const OPEN = { op: 'open', actor: 'p0', to: 'd0', access: 'rw' };
const MAP = { op: 'mmap', actor: 'p0', fd: 'd0', to: 'm0', length: 4096, offset: 0, prot: 'rw-', type: 'shared' };
const load = (actor: string, at: object, length: number) => ({ op: 'load', actor, at, length });
const fork = (actor: string, to: string) => ({ op: 'fork', actor, to });
const m0 = (offset = 0) => ({ map: 'm0', offset });

describe.each(VARIANTS)('the %s helper with memfds', (variant) => {
  const fixture = useHelper(variant);
  const configure = async (contract: object) => await fixture.configure(contract);
  const run = async (...programs: object[][]) => await fixture.run(...programs);
  const outcomes = async (contract: object, ops: object[]) => await fixture.outcomes(contract, ops);

  it('shows the first page at every page of a mapping', async () => {
    const ops = [
      OPEN,
      { ...MAP, length: 8192, offset: 12_288 },
      { op: 'store', actor: 'p0', at: m0(4096), data: { text: 'qw', length: 3 } },
      load('p0', m0(), 8192),
      { op: 'read', actor: 'p0', fd: 'd0', length: 10 },
    ];
    expect((await outcomes(lkmc, ops)).slice(1)).toEqual([
      { ret: 30 },
      { ret: 3 },
      { ret: 8192, data: '71777166,00*4092,71777166,00*4092' },
      { ret: 4, data: '71777166' },
    ]);
  });

  it('reports faults with their address and what was loaded before', async () => {
    const ops = [OPEN, MAP, load('p0', m0(4090), 100), load('p0', { arena: 0 }, 1)];
    const second = { op: 'mprotect', actor: 'p0', at: m0(), length: 4096, prot: '---' };
    expect((await outcomes(lkmc, [...ops.slice(0, 2), second, load('p0', m0(7), 2), ops[3] ?? {}])).slice(2)).toEqual([
      { ret: 0 },
      { signal: 'SIGSEGV', code: 'ACCERR', at: 0, data: '' },
      { signal: 'SIGSEGV', code: 'MAPERR', at: 0, data: '' },
    ]);
    expect((await outcomes(lkmc, ops)).slice(2, 3)).toEqual([{ none: 'unsafe' }]);
    const low = { ...MAP, place: { how: 'fixed', at: { arena: 0 } } };
    expect((await outcomes(lkmc, [OPEN, low, load('p0', m0(4090), 100)])).slice(2)).toEqual([
      { signal: 'SIGSEGV', code: 'MAPERR', at: 6, data: '00*6' },
    ]);
  });

  it('lets nothing fail on demand, and says so', async () => {
    await configure(lkmc);
    const failing = { ...OPEN, fail: { what: 'allocation', nth: 1 } };
    const [answer] = await run([failing]);
    expect(answer).toMatchObject({ result: 'skipped', reason: expect.stringContaining('no allocation') as string });
    const [wrong] = await run([{ ...failing, fail: { what: 'allocation', nth: 0 } }]);
    expect(wrong).toMatchObject({ result: 'errored', message: expect.stringContaining('bad fail') as string });
  });

  it('follows the contract of a device with one buffer and a range', async () => {
    const ops = [
      OPEN,
      { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'abc', length: 20_000 } },
      { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'a', length: 0 } },
      { op: 'pread', actor: 'p0', fd: 'd0', length: 1, offset: -1 },
      { op: 'pread', actor: 'p0', fd: 'd0', length: 1, offset: 0 },
      { op: 'pread', actor: 'p0', fd: 'd7', length: 1, offset: 0 },
      { op: 'lseek', actor: 'p0', fd: 'd0', offset: 0, whence: 'bad' },
      { op: 'lseek', actor: 'p0', fd: 'd0', offset: 0, whence: 'data' },
      { ...MAP, length: 8192, offset: 12_288 },
      { ...MAP, length: '18446744073709551615' },
      { ...MAP, length: 16_384 },
      load('p0', m0(16_380), 4),
    ];
    const expected = ['ENOSPC', 'EINVAL', 'ESPIPE', 'EBADF', 'EINVAL', 'ESPIPE', 'EINVAL', 'ENOMEM'];
    expect((await outcomes(pages, ops)).slice(1)).toEqual([
      { ret: 16_384 },
      ...expected.map((errno) => ({ errno })),
      { ret: 28 },
      { ret: 4, data: '61626361' },
    ]);
  });

  it('starts every program from a clean state', async () => {
    expect(await configure(pages)).toMatchObject({ ok: true });
    const dirty = [OPEN, { ...OPEN, to: 'd1' }, MAP, fork('p0', 'p1')];
    dirty.push({ op: 'store', actor: 'p1', at: m0(), data: { text: 'x', length: 4 } } as never);
    const clean = [OPEN, { op: 'read', actor: 'p0', fd: 'd0', length: 8 }, load('p0', m0(), 1), load('p1', m0(), 1)];
    const [, second] = await run(dirty, clean);
    expect(second).toMatchObject({
      steps: [
        { outcome: { ret: 0 } },
        { outcome: { ret: 8, data: '00*8' } },
        { outcome: { none: 'unbound' } },
        { outcome: { none: 'unbound' } },
      ],
    });
  });

  it('lets processes fork, act and exit in any order', async () => {
    const ops = [
      OPEN,
      MAP,
      fork('p0', 'p1'),
      fork('p1', 'p02'),
      { op: 'exit', actor: 'p1' },
      { op: 'munmap', actor: 'p0', at: m0(), length: 4096 },
      load('p02', m0(), 4),
      load('p1', m0(), 4),
      load('p2', m0(), 4),
    ];
    expect((await outcomes(lkmc, ops)).slice(2)).toEqual([
      { ret: 0 },
      { ret: 0 },
      { ret: 0 },
      { ret: 0 },
      { ret: 4, data: '61736466' },
      { none: 'unbound' },
      { none: 'unbound' },
    ]);
  });

  it('reaps every process, however fast they follow each other', async () => {
    expect(await configure(lkmc)).toMatchObject({ ok: true });
    const exit = (actor: string) => ({ op: 'exit', actor });
    const nested = [fork('p0', 'p1'), fork('p1', 'p2'), fork('p2', 'p3'), exit('p2'), fork('p1', 'p4'), exit('p4')];
    for (const answer of await run(...Array.from({ length: 300 }, () => nested))) {
      expect(answer).toMatchObject({ result: 'observed' });
    }
  });

  it('does not perform what could hurt it', async () => {
    const at = (arena: number, length: number | string) => ({ op: 'munmap', actor: 'p0', at: { arena }, length });
    const ops = [at(-4096, 4096), at(32 * 4096, 1), at(0, 33 * 4096), at(31 * 4096, 4096), at(0, 0)];
    expect(await outcomes(lkmc, [...ops, at(0, '18446744073709551615'), at(-8192, '18446744073709551615')])).toEqual([
      { none: 'unsafe' },
      { none: 'unsafe' },
      { none: 'unsafe' },
      { ret: 0 },
      { errno: 'EINVAL' },
      { errno: 'EINVAL' },
      { none: 'unsafe' },
    ]);
  });

  it('survives a program that uses up all descriptors', async () => {
    const results = await outcomes(lkmc, [...Array.from({ length: 500 }, () => OPEN), fork('p0', 'p1')]);
    expect(results[496]).toEqual({ ret: 496 });
    expect(results[497]).toEqual({ errno: 'EMFILE' });
    expect(results[500]).toEqual({ ret: 0 });
  });

  it('performs a program of 10,000 operations', async () => {
    const results = await outcomes(lkmc, [OPEN, MAP, ...Array.from({ length: 9998 }, () => load('p0', m0(), 4))]);
    expect(results.at(-1)).toEqual({ ret: 4, data: '61736466' });
  });

  it('skips a mapping that a memfd cannot play, and goes on', async () => {
    expect(await configure(lkmc)).toMatchObject({ ok: true });
    const [skipped, next] = await run([OPEN, { ...MAP, length: 65 * 4096 }], [OPEN]);
    expect(skipped).toMatchObject({ result: 'skipped', reason: expect.stringContaining('64 pages') as string });
    expect(next).toMatchObject({ result: 'observed' });
  });

  it('answers for a program whose worker is killed, and goes on with the next', async () => {
    expect(await configure(lkmc)).toMatchObject({ ok: true });
    const long = [OPEN, fork('p0', 'p1'), fork('p1', 'p2'), ...Array.from({ length: 9000 }, () => load('p2', m0(), 1))];
    const acting = Array.from({ length: 9000 }, () => ({ op: 'read', actor: 'p2', fd: 'd0', length: 1 }));
    fixture.helper.send({
      cmd: 'run',
      seq: 77,
      programs: [[...long.slice(0, 3), ...acting], [OPEN]].map((ops) => ({ version: 2, ops })),
    });
    const [worker] = await childrenOf(fixture.helper.pid);
    // Only once the program has forked, so that it is under way.
    while (worker !== undefined && (await childrenOf(worker)).length === 0);
    process.kill(worker ?? 0, 'SIGKILL');
    const answer = await fixture.helper.next();
    expect(answer).toMatchObject({
      seq: 77,
      index: 0,
      result: 'errored',
      message: expect.stringContaining('SIGKILL') as string,
    });
    expect(await fixture.helper.next()).toMatchObject({ seq: 77, index: 1, result: 'observed' });
    const [again] = await run([OPEN]);
    expect(again).toMatchObject({ result: 'observed' });
  });

  it('reports a process of a program that is killed', async () => {
    expect(await configure(lkmc)).toMatchObject({ ok: true });
    const acting = Array.from({ length: 9000 }, () => ({ op: 'read', actor: 'p1', fd: 'd0', length: 1 }));
    fixture.helper.send({ cmd: 'run', seq: 78, programs: [{ version: 2, ops: [OPEN, fork('p0', 'p1'), ...acting] }] });
    const [worker] = await childrenOf(fixture.helper.pid);
    let victim: number | undefined;
    while (victim === undefined && worker !== undefined) {
      [victim] = await childrenOf(worker);
    }
    process.kill(victim ?? 0, 'SIGKILL');
    const message = expect.stringContaining('p1 died of SIGKILL') as string;
    expect(await fixture.helper.next()).toMatchObject({ seq: 78, index: 0, result: 'errored', message });
    const [next] = await run([OPEN, fork('p0', 'p1'), { op: 'read', actor: 'p1', fd: 'd0', length: 4 }]);
    expect(next).toMatchObject({ result: 'observed' });
  });

  it.each([
    ['garbage', 'not JSON'],
    ['{"cmd":"run","seq":1,"programs":[', 'not JSON'],
    ['{"cmd":"fly"}', 'unknown command'],
    ['{"cmd":"start","version":1}', `version ${String(PROTOCOL_VERSION)}`],
    ['{"cmd":"run","seq":1,"programs":[]}', 'configure'],
    ['[1]', 'cmd'],
  ])('refuses %s with a sentence', async (line, part) => {
    fixture.helper.send(line);
    expect(await fixture.helper.next()).toMatchObject({
      event: 'refused',
      message: expect.stringContaining(part) as string,
    });
  });

  it.each([
    ['an unknown operation', { op: 'fly', actor: 'p0' }, '"fly"'],
    ['no actor', { op: 'checkpoint' }, 'bad actor'],
    ['a missing field', { ...MAP, to: undefined }, 'bad to'],
    ['an unknown flag', { ...MAP, flags: ['odd'] }, 'bad flags'],
    ['an unknown word', { ...MAP, type: 'odd' }, 'bad type'],
    ['a variable of another kind', { op: 'close', actor: 'p0', fd: 'm0' }, 'bad fd'],
    ['a place without an address', { ...MAP, place: { how: 'fixed' } }, 'bad place'],
    ['too much data', { op: 'write', actor: 'p0', fd: 'd0', data: { text: 'x', length: 65_537 } }, 'bad data'],
    ['too long a vector', { op: 'readv', actor: 'p0', fd: 'd0', lengths: [65_536, 1] }, 'bad lengths'],
    ['too many segments', { op: 'readv', actor: 'p0', fd: 'd0', lengths: [1, 1, 1, 1, 1] }, 'bad lengths'],
  ])('answers for a program with %s and goes on', async (_, op, part) => {
    expect(await configure(lkmc)).toMatchObject({ ok: true });
    const [bad, good] = await run([op], [OPEN]);
    expect(bad).toMatchObject({ result: 'errored', message: expect.stringContaining(part) as string });
    expect(good).toMatchObject({ result: 'observed' });
  });

  it('refuses a contract that makes no sense for a memfd', async () => {
    expect(await configure({ ...lkmc, read: { size: 5000 } })).toMatchObject({ ok: false });
    expect(await configure(lkmc)).toMatchObject({ ok: true });
  });

  it('ends in order at `stop` and at the end of its input', async () => {
    const [worker] = await childrenOf(fixture.helper.pid);
    fixture.helper.send({ cmd: 'stop' });
    expect(await fixture.helper.finish()).toMatchObject({ exitCode: 0, rest: [{ event: 'stopped' }] });
    expect(() => process.kill(worker ?? 0, 0)).toThrow('ESRCH');
    const other = startHelper(fixture.binary, ['--memfd']);
    expect(await other.finish()).toMatchObject({ exitCode: 0, rest: [{ event: 'stopped' }] });
  });
});
