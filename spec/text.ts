import type { Address, Data, Operation } from './program.ts';

/** An operation in one line that people read: `p0: m0 = mmap(d0, 8192 at 0, rw- shared, fixed at arena+4096)`. */
export function describeOperation(op: Operation): string {
  return `${op.actor}: ${call(op)}`;
}

function call(op: Operation): string {
  switch (op.op) {
    case 'open':
      return `${op.to} = open(${[op.access, ...(op.flags ?? [])].join(' ')})`;
    case 'close':
      return `close(${op.fd})`;
    case 'dup':
      return `${op.to} = dup(${op.fd})`;
    case 'read':
      return `read(${op.fd}, ${String(op.length)})`;
    case 'pread':
      return `pread(${op.fd}, ${String(op.length)} at ${String(op.offset)})`;
    case 'write':
      return `write(${op.fd}, ${data(op.data)})`;
    case 'pwrite':
      return `pwrite(${op.fd}, ${data(op.data)} at ${String(op.offset)})`;
    case 'lseek':
      return `lseek(${op.fd}, ${op.whence} ${String(op.offset)})`;
    case 'mmap': {
      const place = op.place === undefined ? '' : `, ${op.place.how} at ${address(op.place.at)}`;
      const what = [op.prot, op.type, ...(op.flags ?? [])].join(' ');
      return `${op.to} = mmap(${op.fd}, ${String(op.length)} at ${String(op.offset)}, ${what}${place})`;
    }
    case 'munmap':
      return `munmap(${address(op.at)}, ${String(op.length)})`;
    case 'mprotect':
      return `mprotect(${address(op.at)}, ${String(op.length)}, ${op.prot})`;
    case 'load':
      return `load(${address(op.at)}, ${String(op.length)})`;
    case 'store':
      return `store(${address(op.at)}, ${data(op.data)})`;
    case 'fork':
      return `${op.to} = fork()`;
    case 'exit':
      return 'exit()';
    case 'checkpoint':
      return 'checkpoint()';
  }
}

function address(at: Address): string {
  const [base, offset] = 'arena' in at ? ['arena', at.arena] : [at.map, at.offset];
  if (offset === 0) return base;
  return offset > 0 ? `${base}+${String(offset)}` : `${base}${String(offset)}`;
}

function data(value: Data): string {
  const { text, length } = value;
  return length === text.length ? JSON.stringify(text) : `${JSON.stringify(text)}*${String(length)}`;
}
