import * as z from 'zod';
import { DescriptorName } from '../values.ts';
import { define, failing } from './define.ts';

export const OPEN_FLAGS = [
  'append',
  'cloexec',
  'creat',
  'direct',
  'directory',
  'excl',
  'noatime',
  'nonblock',
  'path',
  'sync',
  'trunc',
] as const;

const fd = { fd: DescriptorName };

/** Operations that make, copy, pass on and close descriptors. */
export const descriptorOperations = [
  define(
    'open',
    {
      to: DescriptorName,
      access: z
        .enum(['ro', 'wo', 'rw', 'neither'])
        .describe('`neither` is the access mode 3, which allows neither reading nor writing (open(2), NOTES).'),
      flags: z.array(z.enum(OPEN_FLAGS)).optional(),
      user: z
        .literal('nobody')
        .optional()
        .describe('Who opens: root, or (with the file system ids of) a user without privileges.'),
      fail: failing('allocation'),
    },
    (op) => {
      const as = op.user === undefined ? '' : `, as ${op.user}`;
      return `${op.to} = open(${[op.access, ...(op.flags ?? [])].join(' ')}${as})`;
    },
  ),
  define('close', fd, (op) => `close(${op.fd})`),
  define('dup', { ...fd, to: DescriptorName }, (op) => `${op.to} = dup(${op.fd})`),
  define(
    'dup2',
    {
      ...fd,
      onto: DescriptorName.describe('The number to take: that of this variable, open or not.'),
      to: DescriptorName,
      call: z.enum(['dup2', 'dup3']).describe('dup3 differs when both numbers are the same.'),
    },
    (op) => `${op.to} = ${op.call}(${op.fd}, ${op.onto})`,
  ),
  /** Sends the descriptor (SCM_RIGHTS) into the socket that all processes of the program share. */
  define('send', fd, (op) => `send(${op.fd})`),
  /** Takes the descriptor out that was sent first; without any EAGAIN, without a free number EMFILE (it is then lost). */
  define('receive', { to: DescriptorName }, (op) => `${op.to} = receive()`),
  define(
    'poll',
    fd,
    /** For POLLIN, POLLPRI and POLLOUT, without waiting; the outcome is `revents`. */
    (op) => `poll(${op.fd})`,
  ),
  define(
    'ioctl',
    { ...fd, request: z.enum(['TCGETS', 'FIONREAD', 'FIONBIO', 'FIOASYNC', 'FIOQSIZE', 'FIGETBSZ', 'unknown']) },
    (op) => `ioctl(${op.fd}, ${op.request})`,
  ),
  define('fsync', { ...fd, call: z.enum(['fsync', 'fdatasync']) }, (op) => `${op.call}(${op.fd})`),
] as const;
