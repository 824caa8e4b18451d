import { close, dup, dup2, fsync, ioctl, poll, receive, send } from '../descriptors.ts';
import { open } from '../open.ts';
import { outcomeOf } from '../outcomes.ts';
import type { Table } from './table.ts';

export const descriptorTable: Table<
  'open' | 'close' | 'dup' | 'dup2' | 'send' | 'receive' | 'poll' | 'ioctl' | 'fsync'
> = {
  open: (execution, { to, access, flags, user }, process) => {
    const request = { access, flags: new Set(flags), isNobody: user === 'nobody' };
    return execution.bindDescriptor(to, open(process, request));
  },
  close: (execution, { fd }, process) => outcomeOf(close(process, execution.descriptor(fd))),
  dup: (execution, { fd, to }, process) => execution.bindDescriptor(to, dup(process, execution.descriptor(fd))),
  dup2: (execution, { fd, onto, to, call }, process) => {
    return execution.bindDescriptor(to, dup2(process, execution.descriptor(fd), execution.descriptor(onto), call));
  },
  send: (execution, { fd }, process) => outcomeOf(send(process, execution.descriptor(fd))),
  receive: (execution, { to }, process) => execution.bindDescriptor(to, receive(process)),
  poll: (execution, { fd }, process) => outcomeOf(poll(process, execution.descriptor(fd))),
  ioctl: (execution, { fd, request }, process) => outcomeOf(ioctl(process, execution.descriptor(fd), request)),
  fsync: (execution, { fd }, process) => outcomeOf(fsync(process, execution.descriptor(fd))),
};
