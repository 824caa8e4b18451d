import type { Contract } from '../../spec/contract.ts';
import { loadContract } from '../../spec/io/load.ts';
import { LEVELS, type Observation } from '../../spec/observation.ts';
import type { Address, Op, Operation, Setting } from '../../spec/program.ts';
import { Command, Event, PROTOCOL_VERSION } from '../../spec/protocol.ts';
import type { MutantName } from '../../adapters/simulator/mutants.ts';
import type { Series } from '../../adapters/simulator/kernel-version.ts';
import { PAGE_SIZE } from '../../adapters/simulator/machine.ts';
import { Simulator } from '../../adapters/simulator/simulator.ts';

/** What the tests are written with: short builders for operations, and one line of text for what they yielded. */

export type Device = 'lkmc_mmap' | 'pages_mmap';

export const place = (at: string | number): Address => {
  if (typeof at === 'number') return { arena: at };
  const [map = '', offset = '0'] = at.split('+');
  return { map, offset: Number(offset) };
};

/** Builders for one actor. An address is `m0`, `m0+4096`, or bytes from the start of the arena. */
export function actor(name: string) {
  return {
    open: (to = 'd0', access: Op<'open'>['access'] = 'rw'): Operation => ({ op: 'open', actor: name, to, access }),
    close: (fd = 'd0'): Operation => ({ op: 'close', actor: name, fd }),
    dup: (to: string, fd = 'd0'): Operation => ({ op: 'dup', actor: name, to, fd }),
    read: (length: number, fd = 'd0'): Operation => ({ op: 'read', actor: name, fd, length }),
    pread: (length: number, offset: number | string, fd = 'd0'): Operation => {
      return { op: 'pread', actor: name, fd, length, offset };
    },
    write: (text: string, length = text.length, fd = 'd0'): Operation => {
      return { op: 'write', actor: name, fd, data: { text, length } };
    },
    pwrite: (text: string, length: number, offset: number | string, fd = 'd0'): Operation => {
      return { op: 'pwrite', actor: name, fd, data: { text, length }, offset };
    },
    lseek: (offset: number, whence: Op<'lseek'>['whence'], fd = 'd0'): Operation => {
      return { op: 'lseek', actor: name, fd, offset, whence };
    },
    mmap: (to: string, length: number | string = PAGE_SIZE, rest: Partial<Op<'mmap'>> = {}): Operation => {
      return { op: 'mmap', actor: name, fd: 'd0', to, length, offset: 0, prot: 'rw-', type: 'shared', ...rest };
    },
    munmap: (at: string | number, length: number | string = PAGE_SIZE): Operation => {
      return { op: 'munmap', actor: name, at: place(at), length };
    },
    mprotect: (at: string | number, length: number | string, prot: string): Operation => {
      return { op: 'mprotect', actor: name, at: place(at), length, prot };
    },
    load: (at: string | number, length = 1): Operation => ({ op: 'load', actor: name, at: place(at), length }),
    store: (at: string | number, text = '!', length = text.length): Operation => {
      return { op: 'store', actor: name, at: place(at), data: { text, length } };
    },
    madvise: (at: string | number, length: number | string, advice: Op<'madvise'>['advice']): Operation => {
      return { op: 'madvise', actor: name, at: place(at), length, advice };
    },
    msync: (at: string | number, length: number, flags: Op<'msync'>['flags']): Operation => {
      return { op: 'msync', actor: name, at: place(at), length, flags };
    },
    mlock: (at: string | number, length: number | string, flags?: Op<'mlock'>['flags']): Operation => {
      return { op: 'mlock', actor: name, at: place(at), length, ...(flags === undefined ? {} : { flags }) };
    },
    munlock: (at: string | number, length: number): Operation => ({
      op: 'munlock',
      actor: name,
      at: place(at),
      length,
    }),
    mremap: (
      at: string | number,
      oldLength: number | string,
      newLength: number | string,
      rest: Partial<Op<'mremap'>> = {},
    ): Operation => {
      return { op: 'mremap', actor: name, at: place(at), oldLength, newLength, to: 'm9', ...rest };
    },
    readInto: (at: string | number, length: number, rest: Partial<Op<'read_into'>> = {}): Operation => {
      return { op: 'read_into', actor: name, fd: 'd0', at: place(at), length, ...rest };
    },
    writeFrom: (at: string | number, length: number, rest: Partial<Op<'write_from'>> = {}): Operation => {
      return { op: 'write_from', actor: name, fd: 'd0', at: place(at), length, ...rest };
    },
    /** Reads or writes memory of a process from outside. */
    reach: (
      op: 'vm_read' | 'mem_read' | 'vm_write' | 'mem_write',
      at: string | number,
      length: number,
      of = 'p0',
    ): Operation => {
      if (op === 'vm_read' || op === 'mem_read') return { op, actor: name, of, at: place(at), length };
      return { op, actor: name, of, at: place(at), data: { text: 'wxyz', length } };
    },
    mincore: (at: string | number, length: number): Operation => ({
      op: 'mincore',
      actor: name,
      at: place(at),
      length,
    }),
    clearRefs: (): Operation => ({ op: 'clear_refs', actor: name }),
    fork: (to: string): Operation => ({ op: 'fork', actor: name, to }),
    exit: (): Operation => ({ op: 'exit', actor: name }),
    checkpoint: (): Operation => ({ op: 'checkpoint', actor: name }),
  };
}

/** Where a mapping goes, as `rest` of `mmap`. */
export function placed(how: 'hint' | 'fixed' | 'noreplace', at: string | number): Pick<Op<'mmap'>, 'place'> {
  return { place: { how, at: place(at) } };
}

/** The state in which the facts were measured: page i of `pages_mmap` begins with eight times the letter 'A' + i. */
function lettered(device: Device | Contract): Operation[] {
  if (device !== 'pages_mmap') return [];
  const { open, mmap, store, munmap, close } = actor('p0');
  const letters = ['A', 'B', 'C', 'D'].map((letter, page) => store(`m99+${String(page * PAGE_SIZE)}`, letter, 8));
  return [
    open('d99'),
    mmap('m99', 4 * PAGE_SIZE, { fd: 'd99' }),
    ...letters,
    munmap('m99', 4 * PAGE_SIZE),
    close('d99'),
  ];
}

interface Run {
  steps: Observation[];
  end: Observation;
}

/** What a program runs on and under; without anything else, the default kernel without limits. */
export interface Circumstances {
  readonly mutant?: MutantName;
  readonly series?: Series;
  readonly setting?: Setting;
}

/** Runs operations on a fresh device; everything that crosses the wire is validated on the way. */
export function observe(device: Device | Contract, ops: Operation[], { setting, ...options }: Circumstances = {}): Run {
  const simulator = new Simulator(options);
  const contract = typeof device === 'string' ? loadContract(device) : device;
  const send = (command: unknown): unknown => Event.parse(simulator.handle(Command.parse(command))[0]);
  send({ cmd: 'start', version: PROTOCOL_VERSION });
  send({ cmd: 'configure', seq: 0, contract, levels: LEVELS });
  // Under limits there may be no room for storing the letters.
  const setup = setting === undefined ? lettered(device) : [];
  const program = { version: 2, ops: [...setup, ...ops] };
  const programs = [setting === undefined ? program : { ...program, setting }];
  const answer = Event.parse(send({ cmd: 'run', seq: 1, programs }));
  if (!('result' in answer) || answer.result !== 'observed') throw new Error(JSON.stringify(answer));
  return { steps: answer.steps.slice(setup.length), end: answer.end };
}

/** What operations yield, one word each, in the notation of `describeStep`, then the callbacks of the cleaning. */
export function yields(device: Device | Contract, ops: Operation[], circumstances: Circumstances = {}): string {
  const { steps, end } = observe(device, ops, circumstances);
  const cleaning = end.callbacks === undefined ? '' : ` end${describeCallbacks(end.callbacks)}`;
  const remains = end.remains?.map((one) => ` remains ${String(one.count)} ${one.what} of ${one.function}`) ?? [];
  return [steps.map(describeStep).join(' '), cleaning, ...remains].join('');
}

/** The layout at the end, as `/proc/PID/maps` would show it: `30+2 rw-s 0`. */
export function maps(device: Device | Contract, ops: Operation[], process = 'p0', circumstances = {}): string[] {
  return flags(device, ops, process, circumstances).map((line) => line.split(' ').slice(0, 3).join(' '));
}

/** The layout at the end with VmFlags. */
export function flags(
  device: Device | Contract,
  ops: Operation[],
  process = 'p0',
  circumstances: Circumstances = {},
): string[] {
  return observe(device, ops, circumstances).end.layout?.[process] ?? [];
}

/** `31{mmap,vm_open}`, `'a'{fault0R}`, `-EINVAL`, `SIGSEGV/MAPERR@4096`, `none:unsafe`. */
function describeStep({ outcome, failed, callbacks }: Observation): string {
  return (
    describeOutcome(outcome) +
    (failed === true ? ' failed' : '') +
    (callbacks === undefined ? '' : describeCallbacks(callbacks))
  );
}

function describeOutcome(outcome: Observation['outcome']): string {
  if ('errno' in outcome) return `-${outcome.errno}`;
  if ('none' in outcome) return `none:${outcome.none}`;
  if ('signal' in outcome) return `${outcome.signal}/${outcome.code}@${String(outcome.at)}`;
  return String(outcome.ret) + (outcome.data === undefined ? '' : `'${printable(outcome.data)}'`);
}

/** Text where it is text, `·` for other bytes, runs left short: `asdf·*4092`. */
function printable(encoded: string): string {
  return encoded.replaceAll(/([0-9a-f]{2})(\*\d+)?,?/g, (_, hex: string, run: string | undefined) => {
    const code = Number.parseInt(hex, 16);
    return (code > 32 && code < 127 ? String.fromCharCode(code) : '·') + (run ?? '');
  });
}

function describeCallbacks(callbacks: readonly string[]): string {
  const short = callbacks.map((line) =>
    line
      .replace(/^vm_fault pgoff=(\d+) write=0$/, 'fault$1R')
      .replace(/^vm_fault pgoff=(\d+) write=1$/, 'fault$1W')
      .replace(/^(\w+) len=(\d+) pos=(-?\d+)$/, '$1($2@$3)'),
  );
  return `{${short.join(',')}}`;
}
