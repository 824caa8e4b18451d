import { expect, test } from 'vitest';
import { Contract } from '../../spec/contract.ts';
import type { Op } from '../../spec/program.ts';
import { type Act, L, P, run } from '../fixtures.ts';

type Open = Omit<Op<'open'>, 'actor'>;

const open = (to: string, access: Open['access'] = 'rw', ...flags: NonNullable<Open['flags']>): Act => ({
  op: 'open',
  to,
  access,
  flags,
});
const nobody = (access: Open['access'], ...flags: NonNullable<Open['flags']>): Act => ({
  op: 'open',
  to: 'd0',
  access,
  flags,
  user: 'nobody',
});
const read = (fd: string): Act => ({ op: 'read', fd, length: 1 });
const close = (fd: string): Act => ({ op: 'close', fd });

/** What one operation alone does. */
const alone = (contract: Contract, act: Act): string | undefined => run(contract, [act])[0];

test('flags that name another kind of file are refused before permissions are looked at', () => {
  expect(alone(L, nobody('rw', 'directory'))).toBe('ENOTDIR');
  expect(alone(L, nobody('rw', 'creat', 'excl'))).toBe('EEXIST');
  expect(alone(L, open('d0', 'ro', 'path', 'directory'))).toBe('ENOTDIR');
  expect(alone(L, open('d0', 'rw', 'excl'))).toBe('0 ⟦open⟧');
});

test('O_CREAT with O_DIRECTORY is invalid since 6.1, and an ordinary mistake on 5.10', () => {
  const both = open('d0', 'rw', 'creat', 'directory');
  expect(alone(P, both)).toBe('EINVAL');
  expect(run(P, [both], { version: [5, 10] })[0]).toBe('ENOTDIR');
  expect(run(P, [open('d0', 'rw', 'creat', 'directory', 'excl')], { version: [5, 10] })[0]).toBe('EEXIST');
});

test('a user without privileges may what the node’s mode says', () => {
  expect(alone(L, nobody('ro'))).toBe('0 ⟦open⟧');
  for (const act of [nobody('rw'), nobody('neither'), nobody('ro', 'trunc'), nobody('rw', 'noatime')]) {
    expect(alone(L, act)).toBe('EACCES');
    expect(alone(P, act)).toBe(act.op === 'open' && act.flags?.includes('noatime') === true ? 'EPERM' : '0 ⟦open⟧');
  }
  const writeOnly = Contract.parse({ ...P, node: { ...P.node, mode: '0622' } });
  expect(alone(writeOnly, nobody('wo'))).toBe('0 ⟦open⟧');
  expect(alone(writeOnly, nobody('ro'))).toBe('EACCES');
});

test('O_DIRECT is refused when the driver has opened the file already', () => {
  expect(run(L, [open('d0', 'rw', 'direct'), read('d0')])).toEqual(['EINVAL ⟦open, release⟧', 'EBADF', '']);
});

test('access mode 3 yields a descriptor that can do nothing', () => {
  const lines = run(P, [open('d0', 'neither'), read('d0'), { op: 'poll', fd: 'd0' }, close('d0')]);
  expect(lines.slice(0, 4)).toEqual(['0 ⟦open⟧', 'EBADF', '5', '0 ⟦release⟧']);
});

test('a descriptor from O_PATH is a name that the driver knows nothing of', () => {
  const lines = run(L, [
    open('d0', 'rw', 'path', 'creat', 'excl', 'direct'),
    read('d0'),
    { op: 'fsync', fd: 'd0', call: 'fsync' },
    { op: 'poll', fd: 'd0' },
    { op: 'dup', fd: 'd0', to: 'd1' },
    { op: 'send', fd: 'd1' },
    close('d0'),
    { op: 'receive', to: 'd2' },
  ]);
  expect(lines).toEqual(['0', 'EBADF', 'EBADF', '32', '1', '0', '0', '0', '']);
});

test('the limit is met before the driver is called, and -1 is the number of what failed', () => {
  const lines = run(L, [open('d0'), open('d1'), { op: 'dup', fd: 'd0', to: 'd2' }, read('d2')], {
    setting: { descriptors: 1 },
  });
  expect(lines).toEqual(['0 ⟦open⟧', 'EMFILE', 'EMFILE', 'EBADF', '⟦release⟧']);
});

test('dup2 releases what it replaces, and does nothing with one number', () => {
  const dup2 = (fd: string, onto: string, call: 'dup2' | 'dup3'): Act => ({ op: 'dup2', fd, onto, to: 'd5', call });
  const lines = run(P, [
    open('d0'),
    open('d1'),
    dup2('d0', 'd0', 'dup2'),
    dup2('d0', 'd0', 'dup3'),
    dup2('d9', 'd9', 'dup2'),
    dup2('d9', 'd9', 'dup3'),
    dup2('d0', 'd9', 'dup2'),
    dup2('d9', 'd0', 'dup2'),
    dup2('d0', 'd1', 'dup2'),
    close('d0'),
    dup2('d1', 'd0', 'dup3'),
    close('d1'),
  ]);
  expect(lines.slice(2, 12)).toEqual([
    '0',
    'EINVAL',
    'EBADF',
    'EINVAL',
    'EBADF',
    'EBADF',
    '1 ⟦release⟧',
    '0',
    '0',
    '0',
  ]);
  expect(lines.at(-1)).toBe('⟦release⟧');
});

test('a message keeps its description open, is received in order, and is lost without a free number', () => {
  const receive = (to: string): Act => ({ op: 'receive', to });
  const write: Act = { op: 'write', fd: 'd0', data: { text: 'x', length: 1 } };
  const kept = run(L, [
    open('d0'),
    write,
    { op: 'send', fd: 'd0' },
    close('d0'),
    receive('d1'),
    read('d1'),
    receive('d2'),
  ]);
  expect(kept.slice(3)).toEqual(['0', '0', '1 [78] ⟦read len=1 pos=0⟧', 'EAGAIN', '⟦release⟧']);
  const lost = run(L, [open('d0'), { op: 'send', fd: 'd0' }, close('d0'), open('d1'), receive('d2'), receive('d2')], {
    setting: { descriptors: 1 },
  });
  expect(lost.slice(4)).toEqual(['EMFILE ⟦release⟧', 'EAGAIN', '⟦release⟧']);
});

test('poll says of a number that is not open what poll(2) says', () => {
  expect(run(P, [{ op: 'poll', fd: 'd0' }, open('d0'), close('d0'), { op: 'poll', fd: 'd0' }])).toEqual([
    '0',
    '0 ⟦open⟧',
    '0 ⟦release⟧',
    '32',
    '',
  ]);
});

test('ioctl is answered by the kernel, as for a regular file where the node is one', () => {
  const requests = ['TCGETS', 'FIONREAD', 'FIONBIO', 'FIOASYNC', 'FIOQSIZE', 'FIGETBSZ', 'unknown'] as const;
  const answers = (contract: Contract): string[] =>
    run(contract, [open('d0'), ...requests.map((request): Act => ({ op: 'ioctl', fd: 'd0', request }))]).slice(1, -1);
  expect(answers(L)).toEqual(['ENOTTY', '0', '0', 'ENOTTY', '0', '0', 'ENOTTY']);
  expect(answers(P)).toEqual(['ENOTTY', 'ENOTTY', '0', 'ENOTTY', 'ENOTTY', '0', 'ENOTTY']);
});
