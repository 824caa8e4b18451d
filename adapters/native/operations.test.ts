import { describe, expect, it } from 'vitest';
import lkmc from '../../spec/contracts/lkmc_mmap.json' with { type: 'json' };
import pages from '../../spec/contracts/pages_mmap.json' with { type: 'json' };
import { childrenOf, outcomesOf, useHelper, VARIANTS } from '../../tools/testing/helper.ts';

const open = (to: string, access = 'rw', more: object = {}) => ({ op: 'open', actor: 'p0', to, access, ...more });
const OPEN = open('d0');
const MAP = { op: 'mmap', actor: 'p0', fd: 'd0', to: 'm0', length: 4096, offset: 0, prot: 'rw-', type: 'shared' };
const fork = (to: string) => ({ op: 'fork', actor: 'p0', to });
const close = (fd: string) => ({ op: 'close', actor: 'p0', fd });
const send = (fd: string, actor = 'p0') => ({ op: 'send', actor, fd });
const receive = (to: string, actor = 'p0') => ({ op: 'receive', actor, to });
const read = (fd: string, length: number, actor = 'p0') => ({ op: 'read', actor, fd, length });
const write = (fd: string, text: string) => ({ op: 'write', actor: 'p0', fd, data: { text, length: text.length } });
const load = (at: object, length: number, actor = 'p0') => ({ op: 'load', actor, at, length });
const store = (at: object, text: string) => ({ op: 'store', actor: 'p0', at, data: { text, length: text.length } });
const readv = (lengths: number[], fd = 'd0') => ({ op: 'readv', actor: 'p0', fd, lengths });
const segments = (texts: string[]) => texts.map((text) => ({ text, length: text.length }));
const writev = (...texts: string[]) => ({ op: 'writev', actor: 'p0', fd: 'd0', segments: segments(texts) });
const m0 = (offset = 0) => ({ map: 'm0', offset });
const wild = (name: string) => ({ wild: name });
const into = (at: object, length: number, more: object = {}) => ({
  ...{ op: 'read_into', actor: 'p0', fd: 'd0', at, length },
  ...more,
});
const from = (at: object, length: number, more: object = {}) => ({
  ...{ op: 'write_from', actor: 'p0', fd: 'd0', at, length },
  ...more,
});
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

/** Kills the process that performs a program, once that has forked, so that it is under way. */
async function killWorkerOf(helper: number): Promise<void> {
  const [worker] = await childrenOf(helper);
  if (worker === undefined) throw new Error('there is no worker');
  while ((await childrenOf(worker)).length === 0);
  process.kill(worker, 'SIGKILL');
}

describe.each(VARIANTS)('operations of the %s helper with memfds', (variant) => {
  const fixture = useHelper(variant);
  const outcomes = async (contract: object, ops: readonly object[]) => await fixture.outcomes(contract, ops);

  it('says what it performs and measures what it says of the machine', () => {
    expect(fixture.started).toMatchObject({
      operations: expect.arrayContaining(['dup2', 'send', 'receive', 'vm_read', 'mem_write', 'writev']) as string[],
      settings: ['addressSpace', 'descriptors'],
      mapFlags: expect.arrayContaining(['nonblock', 'populate']) as string[],
      facts: {
        // Its bytes pass through a buffer of the helper.
        stepwiseCopies: false,
        memForce: expect.any(Boolean) as boolean,
        memoryFailure: expect.any(Boolean) as boolean,
        samePageMerging: expect.any(Boolean) as boolean,
        hugePages: expect.any(Boolean) as boolean,
      },
    });
    expect(fixture.started).not.toHaveProperty('operations', expect.arrayContaining(['reload']));
  });

  it.each(['mremap', 'reload'])('skips a program with %s, which no memfd plays, and goes on', async (op) => {
    await fixture.configure(lkmc);
    const more = { at: { arena: 0 }, oldLength: 4096, newLength: 4096, to: 'm0' };
    const [skipped, next] = await fixture.run([{ op, actor: 'p0', ...more }], [OPEN]);
    expect(skipped).toMatchObject({ result: 'skipped', reason: expect.stringContaining(op) as string });
    expect(next).toMatchObject({ result: 'observed' });
  });

  describe('open', () => {
    it('with neither access can do nothing, and with a path even less', async () => {
      const ops = [open('d0', 'neither'), read('d0', 1), write('d0', 'x'), MAP, open('d1', 'ro', { flags: ['path'] })];
      const more = [read('d1', 1), { op: 'poll', actor: 'p0', fd: 'd1' }, { ...MAP, fd: 'd1' }];
      const seek = { op: 'lseek', actor: 'p0', fd: 'd1', offset: 0, whence: 'set' };
      expect(await outcomes(lkmc, [...ops, ...more, seek])).toEqual([
        ...[{ ret: 0 }, { errno: 'EBADF' }, { errno: 'EBADF' }, { errno: 'EACCES' }, { ret: 1 }],
        ...[{ errno: 'EBADF' }, { ret: 32 }, { errno: 'EBADF' }, { errno: 'EBADF' }],
      ]);
    });

    it('checks the flags and the permissions of the contract', async () => {
      const nobody = { user: 'nobody' };
      const ops = [
        open('d0', 'rw', { flags: ['creat', 'excl'] }),
        open('d0', 'rw', { flags: ['directory', 'direct'] }),
        open('d0', 'ro', { flags: ['direct'] }),
        open('d0', 'rw', nobody),
        open('d0', 'ro', { ...nobody, flags: ['noatime'] }),
        open('d0', 'ro', { ...nobody, flags: ['trunc'] }),
        open('d0', 'neither', nobody),
        open('d0', 'rw', { ...nobody, flags: ['path'] }),
        open('d0', 'ro', { ...nobody, flags: ['creat'] }),
      ];
      const denied = ['EEXIST', 'ENOTDIR', 'EINVAL'].map((errno) => ({ errno }));
      const eacces = { errno: 'EACCES' };
      expect(await outcomes(lkmc, ops)).toEqual([
        ...[...denied, eacces, { errno: 'EPERM' }, eacces, eacces, { ret: 0 }, { ret: 1 }],
      ]);
      expect((await outcomes(pages, ops)).slice(3)).toEqual([
        ...[{ ret: 0 }, { errno: 'EPERM' }, { ret: 1 }, { ret: 2 }, { ret: 3 }, { ret: 4 }],
      ]);
    });
  });

  it('copies descriptors onto numbers, open or not', async () => {
    const dup = (fd: string, onto: string, to: string, call = 'dup2') => ({
      op: 'dup2',
      actor: 'p0',
      fd,
      onto,
      to,
      call,
    });
    const ops = [
      OPEN,
      open('d1'),
      dup('d0', 'd0', 'd2'),
      dup('d0', 'd0', 'd3', 'dup3'),
      write('d0', 'same'),
      dup('d0', 'd1', 'd4', 'dup3'),
      read('d1', 4),
      close('d1'),
      dup('d0', 'd1', 'd5'),
      dup('d9', 'd1', 'd6'),
      dup('d0', 'd9', 'd7'),
      read('d3', 1),
    ];
    expect((await outcomes(lkmc, ops)).slice(2)).toEqual([
      ...[{ ret: 0 }, { errno: 'EINVAL' }, { ret: 4 }, { ret: 1 }, { ret: 4, data: hex('same') }, { ret: 0 }],
      ...[{ ret: 1 }, { errno: 'EBADF' }, { errno: 'EBADF' }, { errno: 'EBADF' }],
    ]);
  });

  describe('send and receive', () => {
    it('pass descriptors between processes, first in, first out', async () => {
      const ops = [
        OPEN,
        open('d1'),
        fork('p1'),
        write('d1', 'late'),
        send('d0'),
        send('d1'),
        close('d1'),
        receive('d2', 'p1'),
        receive('d3', 'p1'),
        receive('d4', 'p1'),
        read('d2', 4, 'p1'),
        read('d3', 4, 'p1'),
        send('d3', 'p1'),
        receive('d5'),
        read('d5', 4),
        send('d9'),
      ];
      expect((await outcomes(lkmc, ops)).slice(4)).toEqual([
        ...[{ ret: 0 }, { ret: 0 }, { ret: 0 }, { ret: 2 }, { ret: 3 }, { errno: 'EAGAIN' }],
        ...[{ ret: 4, data: hex('asdf') }, { ret: 4, data: hex('late') }, { ret: 0 }, { ret: 1 }, { ret: 0, data: '' }],
        { errno: 'EBADF' },
      ]);
    });

    it('leave nothing for the next program', async () => {
      await fixture.configure(lkmc);
      const [, second] = await fixture.run([OPEN, send('d0'), send('d0')], [receive('d0')]);
      expect(outcomesOf(second)).toEqual([{ errno: 'EAGAIN' }]);
    });

    it('leave nothing when what performs the program is killed', async () => {
      await fixture.configure(lkmc);
      const acting = Array.from({ length: 9000 }, () => read('d0', 1, 'p1'));
      const programs = [[OPEN, send('d0'), fork('p1'), ...acting], [receive('d0')]];
      const command = { cmd: 'run', seq: 90, programs: programs.map((ops) => ({ version: 2, ops })) };
      fixture.helper.send(command);
      await killWorkerOf(fixture.helper.pid);
      expect(await fixture.helper.next()).toMatchObject({ result: 'errored' });
      expect(await fixture.helper.next()).toMatchObject({ steps: [{ outcome: { errno: 'EAGAIN' } }] });
    });

    it('hold hundreds of descriptors', async () => {
      const results = await outcomes(lkmc, [OPEN, ...Array.from({ length: 500 }, () => send('d0')), receive('d1')]);
      expect(results.filter((result) => 'errno' in result)).toEqual([]);
    });
  });

  it('polls a device that is always ready', async () => {
    const poll = (fd: string) => ({ op: 'poll', actor: 'p0', fd });
    expect(await outcomes(pages, [OPEN, poll('d0'), close('d0'), poll('d0'), poll('d1')])).toEqual([
      ...[{ ret: 0 }, { ret: 5 }, { ret: 0 }, { ret: 32 }, { ret: 0 }],
    ]);
  });

  describe('vectors', () => {
    it('ask the driver for one segment after the other until one is short', async () => {
      expect(await outcomes(lkmc, [OPEN, readv([1, 0, 2, 4]), readv([4]), readv([]), readv([0, 0])])).toEqual([
        ...[
          { ret: 0 },
          { ret: 4, data: hex('asdf') },
          { ret: 0, data: '' },
          { ret: 0, data: '' },
          { ret: 0, data: '' },
        ],
      ]);
      expect((await outcomes(lkmc, [OPEN, writev('abcdef', 'xy'), read('d0', 4)])).slice(1)).toEqual([
        ...[{ ret: 8 }, { ret: 4, data: hex('xycd') }],
      ]);
    });

    it('follow the position and end with it', async () => {
      const full = { text: 'f', length: 16_382 };
      const ops = [
        OPEN,
        { op: 'writev', actor: 'p0', fd: 'd0', segments: [full, ...segments(['abc', 'd'])] },
        writev('x'),
        { op: 'writev', actor: 'p0', fd: 'd0', segments: [{ text: 'x', length: 0 }] },
        open('d1'),
        { op: 'read', actor: 'p0', fd: 'd1', length: 16_380 },
        readv([3, 3], 'd1'),
      ];
      expect((await outcomes(pages, ops)).slice(1)).toEqual([
        ...[{ ret: 16_384 }, { errno: 'ENOSPC' }, { ret: 0 }, { ret: 1 }, { ret: 16_380, data: '66*16380' }],
        { ret: 4, data: hex('ffab') },
      ]);
    });

    it('check flags, offsets and modes in the order of the kernel', async () => {
      const at = (offset: number, more: object = {}) => ({
        ...{ op: 'preadv2', actor: 'p0', fd: 'd0', lengths: [2], offset },
        ...more,
      });
      const put = { op: 'pwritev2', actor: 'p0', fd: 'd0', segments: segments(['q', 'w']), offset: 7 };
      const flagged = [at(1, { flags: ['hipri'] }), at(1, { flags: ['nowait'] }), at(1, { flags: ['unknown'] })];
      const ops = [OPEN, at(1), at(-2), at(-1), at(-1), ...flagged, at(1, { flags: ['nowait'], lengths: [] }), put];
      const tail = [at(0), at(1, { fd: 'd9' }), open('d1', 'wo'), at(0, { fd: 'd1' })];
      const eopnotsupp = { errno: 'EOPNOTSUPP' };
      expect((await outcomes(lkmc, [...ops, ...tail])).slice(1)).toEqual([
        ...[{ ret: 2, data: hex('sd') }, { errno: 'EINVAL' }, { ret: 2, data: hex('as') }, { ret: 2, data: hex('df') }],
        ...[{ ret: 2, data: hex('sd') }, eopnotsupp, eopnotsupp, { ret: 0, data: '' }, { ret: 2 }],
        ...[{ ret: 2, data: hex('ws') }, { errno: 'EBADF' }, { ret: 1 }, { errno: 'EBADF' }],
      ]);
      expect((await outcomes(pages, [OPEN, at(0), at(-1)])).slice(1)).toEqual([
        ...[{ errno: 'ESPIPE' }, { ret: 2, data: '0000' }],
      ]);
    });
  });

  describe('transfers with memory of the program', () => {
    const two = { ...MAP, length: 8192, place: { how: 'fixed', at: { arena: 0 } } };

    it('move bytes to and from a mapping', async () => {
      const ops = [OPEN, two, into(m0(4094), 4), store(m0(), 'qwer'), into(m0(8), 2, { offset: 1 }), from(m0(1), 3)];
      expect((await outcomes(pages, [...ops, open('d1'), read('d1', 6)])).slice(2)).toEqual([
        ...[
          { ret: 4 },
          { ret: 4 },
          { errno: 'ESPIPE' },
          { ret: 3 },
          { ret: 1 },
          { ret: 6, data: hex('qwer') + '7765' },
        ],
      ]);
      const private_ = { ...MAP, type: 'private' };
      expect((await outcomes(lkmc, [OPEN, private_, into(m0(2), 4, { offset: 1 }), load(m0(), 6)])).slice(2)).toEqual([
        ...[{ ret: 3 }, { ret: 6, data: `${hex('assdf')}00` }],
      ]);
    });

    it('are all or nothing, but leave what could be copied', async () => {
      const low = { ...MAP, place: { how: 'fixed', at: { arena: 0 } } };
      const ops = [OPEN, write('d0', '01234567'), low, store(m0(4092), 'wxyz'), open('d1')];
      const more = [into(m0(4094), 4, { fd: 'd1' }), load(m0(4092), 4), read('d1', 2), from(m0(4093), 5)];
      expect((await outcomes(pages, [...ops, ...more, open('d2'), read('d2', 14)])).slice(5)).toEqual([
        ...[{ errno: 'EFAULT' }, { ret: 4, data: hex('wx01') }, { ret: 2, data: hex('01') }, { errno: 'EFAULT' }],
        ...[{ ret: 2 }, { ret: 14, data: `${hex('01234567x01')}000000` }],
      ]);
    });

    it('are not performed where they could leave the arena', async () => {
      const ops = [OPEN, MAP, into(m0(4094), 4), from(m0(4094), 4), into(m0(4094), 2), from({ arena: -4096 }, 0)];
      expect((await outcomes(pages, [...ops, into({ map: 'm1', offset: 0 }, 1)])).slice(2)).toEqual([
        ...[{ none: 'unsafe' }, { none: 'unsafe' }, { ret: 2 }, { none: 'unsafe' }, { none: 'unbound' }],
      ]);
    });

    it('fail with wild pointers, before the driver is asked or after', async () => {
      const ops = [OPEN, into(wild('null'), 4), into(wild('kernel'), 4), into(wild('noncanonical'), 0)];
      const more = [into(wild('null'), 0), from(wild('null'), 2), read('d0', 4)];
      const efault = { errno: 'EFAULT' };
      expect((await outcomes(lkmc, [...ops, ...more, from(wild('kernel'), 0), read('d9', 1)])).slice(1)).toEqual([
        ...[efault, efault, efault, { ret: 0 }, efault, { ret: 4, data: `0000${hex('df')}` }, efault],
        { errno: 'EBADF' },
      ]);
    });
  });

  describe('mmap', () => {
    it.each([['populate'], ['locked', 'nonblock']])('brings in copies of its own with %s', async (...flags) => {
      // Whoever runs this may have no right to lock.
      const offered = 'mapFlags' in fixture.started ? fixture.started.mapFlags : [];
      if (flags.some((flag) => !(offered as string[]).includes(flag))) return;
      const map = (to: string, more: object = {}) => ({ ...MAP, to, type: 'private', ...more });
      const ops = [
        OPEN,
        map('m0', { flags }),
        map('m1'),
        write('d0', 'qwer'),
        load(m0(), 4),
        load({ map: 'm1', offset: 0 }, 4),
      ];
      const copied = [
        { ret: 4, data: hex('asdf') },
        { ret: 4, data: hex('qwer') },
      ];
      expect((await outcomes(lkmc, ops)).slice(4)).toEqual(copied);
      expect((await outcomes(pages, ops)).slice(4)).toEqual([{ ret: 4, data: '00*4' }, copied[1]]);
    });
  });

  describe('accesses by the kernel on behalf of a process', () => {
    const other = (op: string, more: object) => ({ op, actor: 'p0', of: 'p1', at: m0(), ...more });
    const data = (text: string) => ({ data: { text, length: text.length } });
    const private_ = { ...MAP, type: 'private' };

    it('reach another process and leave its parent alone', async () => {
      const ops = [OPEN, private_, store(m0(), 'mine'), fork('p1'), other('vm_write', data('his'))];
      const more = [other('vm_read', { length: 5 }), other('mem_write', { ...data('!'), at: m0(3) }), load(m0(), 4)];
      const tail = [load(m0(), 5, 'p1'), other('mem_read', { actor: 'p1', of: 'p0', length: 4 })];
      expect((await outcomes(lkmc, [...ops, ...more, ...tail])).slice(4)).toEqual([
        ...[{ ret: 3 }, { ret: 5, data: `${hex('hise')}00` }, { ret: 1 }, { ret: 4, data: hex('mine') }],
        ...[
          { ret: 5, data: `${hex('his!')}00` },
          { ret: 4, data: hex('mine') },
        ],
      ]);
    });

    it('stop where nothing is mapped', async () => {
      const placed = { ...MAP, place: { how: 'fixed', at: { arena: 0 } } };
      const self = (op: string, offset: number, more: object) => ({
        op,
        actor: 'p0',
        of: 'p0',
        at: m0(offset),
        ...more,
      });
      const ops = [
        self('vm_read', 4094, { length: 4 }),
        self('mem_read', 4094, { length: 4 }),
        self('mem_read', 4096, { length: 4 }),
        self('vm_read', 4096, { length: 4 }),
        self('vm_write', 4095, data('ab')),
        self('mem_write', 4096, data('ab')),
        self('vm_read', -4096, { length: 4 }),
      ];
      expect((await outcomes(lkmc, [OPEN, placed, store(m0(4094), 'yz'), ...ops])).slice(3)).toEqual([
        ...[
          { ret: 2, data: hex('yz') },
          { ret: 2, data: hex('yz') },
          { errno: 'EIO' },
          { errno: 'EFAULT' },
          { ret: 1 },
        ],
        ...[{ errno: 'EIO' }, { none: 'unsafe' }],
      ]);
    });

    it('need a process that lives and an address that is bound', async () => {
      const ops = [OPEN, other('vm_read', { length: 1 }), MAP, other('mem_read', { length: 1 }), fork('p1')];
      const unbound = other('mem_write', { ...data('x'), at: { map: 'm9', offset: 0 } });
      expect((await outcomes(lkmc, [...ops, unbound, other('vm_read', { length: 1 })])).slice(1)).toEqual([
        ...[{ none: 'unbound' }, { ret: 31 }, { none: 'unbound' }, { ret: 0 }, { none: 'unbound' }],
        { ret: 1, data: hex('a') },
      ]);
    });

    it('force a write only as the machine says', async () => {
      const write = { op: 'mem_write', actor: 'p0', of: 'p0', at: m0(), ...data('x') };
      const [, , result] = await outcomes(lkmc, [OPEN, { ...private_, prot: 'r--' }, write]);
      const { started } = fixture;
      expect(result).toEqual('facts' in started && started.facts.memForce ? { ret: 1 } : { errno: 'EIO' });
    });
  });

  it('maps with flags of all kinds', async () => {
    const flagged = (flags: string[], more: object = {}) => ({ ...MAP, flags, ...more });
    const ops = [
      OPEN,
      flagged(['locked', 'populate', 'nonblock', 'noreserve', 'sync']),
      flagged(['growsdown']),
      flagged(['hugetlb']),
      flagged(['sync'], { type: 'validate' }),
      flagged(['unknown'], { type: 'validate' }),
      flagged(['unknown']),
    ];
    expect((await outcomes(lkmc, ops)).slice(1)).toEqual([
      ...[{ ret: 31 }, { errno: 'EINVAL' }, { errno: 'EINVAL' }, { errno: 'EOPNOTSUPP' }, { errno: 'EOPNOTSUPP' }],
      { ret: 30 },
    ]);
  });

  describe('a setting', () => {
    const many = Array.from({ length: 4 }, (_, index) => open(`d${String(index)}`));
    const emfile = { errno: 'EMFILE' };

    it('limits descriptors, of all processes, and only those of its program', async () => {
      await fixture.configure(lkmc);
      const ops = [...many, send('d0'), receive('d4'), receive('d4'), fork('p1'), { ...close('d0'), actor: 'p1' }];
      const more = [receive('d5', 'p1'), { ...open('d6'), actor: 'p1' }, { ...open('d7'), actor: 'p1' }, open('d8')];
      expect(outcomesOf(await fixture.runUnder({ descriptors: 2 }, [...ops, ...more]))).toEqual([
        ...[{ ret: 0 }, { ret: 1 }, emfile, emfile, { ret: 0 }, emfile, { errno: 'EAGAIN' }, { ret: 0 }, { ret: 0 }],
        ...[{ errno: 'EAGAIN' }, { ret: 0 }, emfile, emfile],
      ]);
      expect(outcomesOf(await fixture.runUnder({ descriptors: 0 }, [OPEN]))).toEqual([emfile]);
      const [free] = await fixture.run(many);
      expect(outcomesOf(free)).toEqual([{ ret: 0 }, { ret: 1 }, { ret: 2 }, { ret: 3 }]);
    });

    it('limits the address space to the page', async () => {
      await fixture.configure(pages);
      const enomem = { errno: 'ENOMEM' };
      const map = (to: string, length: number) => ({ ...MAP, to, length });
      const ops = [OPEN, map('m0', 8192), map('m1', 8192), map('m1', 4096), map('m2', 1)];
      const unmap = { op: 'munmap', actor: 'p0', at: m0(), length: 4096 };
      const limited = await fixture.runUnder({ addressSpace: 3 }, [...ops, unmap, map('m2', 1), map('m3', 1)]);
      expect(outcomesOf(limited)).toEqual([
        ...[{ ret: 0 }, { ret: 30 }, enomem, { ret: 29 }, enomem, { ret: 0 }, { ret: 30 }, enomem],
      ]);
      const [free] = await fixture.run([OPEN, map('m0', 16_384)]);
      expect(outcomesOf(free)).toEqual([{ ret: 0 }, { ret: 28 }]);
    });

    it('that would change the whole machine is skipped, and so is one that is not known', async () => {
      await fixture.configure(lkmc);
      const reason = expect.stringContaining('areas') as string;
      expect(await fixture.runUnder({ areas: 1 }, [OPEN])).toMatchObject({ result: 'skipped', reason });
      expect(await fixture.runUnder({ locked: 1 }, [OPEN])).toMatchObject({ result: 'skipped' });
      const message = expect.stringContaining('setting') as string;
      expect(await fixture.runUnder({ descriptors: 65 }, [OPEN])).toMatchObject({ result: 'errored', message });
      expect(await fixture.runUnder({ odd: 1 } as object, [OPEN])).toMatchObject({ result: 'errored', message });
      const [next] = await fixture.run([OPEN]);
      expect(next).toMatchObject({ result: 'observed' });
    });
  });
});
