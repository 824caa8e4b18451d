import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { messageOf } from '../../spec/errors.ts';
import type { GuestMachine } from '../linux/guest.ts';
import { TextRing } from '../wire/text-ring.ts';
import { leaseCpu } from './cpus.ts';

/** What a guest starts from. */
export interface UmlBoot {
  readonly kernelPath: string;
  readonly initramfsPath: string;
  /** Memory of the guest, in MiB. */
  readonly memory: number;
  /** What the kernel is told besides. */
  readonly parameters: readonly string[];
}

/** Runs what follows with temporary files in huge pages. */
const HUGE_MEMORY = path.join(import.meta.dirname, 'huge-memory.sh');

/** The descriptor that `uml_port` makes a device of. */
const PORT_FD = 3;

const CONSOLE_BYTES = 64 * 1024;

const COMMAND_LINE = [
  'con=null',
  'con0=null,fd:1',
  'quiet',
  // A number instead of a measurement, which takes a tenth of a second. Nothing here waits in loops.
  'lpj=1000000',
  'panic=-1',
  'log_buf_len=1M',
  // It wants to leave files behind that tell other programs of it; nobody asks.
  'uml_dir=/dev/null/',
];

/**
 * glibc registers memory for restartable sequences, and every process of the guest is a copy of the kernel's process whose
 * memory was exchanged: the host would kill it for what is no longer there.
 */
const ENVIRONMENT = { GLIBC_TUNABLES: 'glibc.pthread.rseq=0', PATH: '/usr/bin:/bin', TMPDIR: '/dev/shm' };

/**
 * Starts a kernel as a process. It dies with this process, however this process ends, and all processes of the guest with
 * it: they live in a PID namespace whose first process waits for the kernel.
 */
export function startUml(boot: UmlBoot, signal?: AbortSignal): GuestMachine {
  signal?.throwIfAborted();
  const cpu = leaseCpu();
  const subprocess = spawn('setpriv', launch(boot, cpu.number), {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: ENVIRONMENT,
  });
  const kill = (): void => {
    subprocess.kill('SIGKILL');
    // Whoever kills it starts the next before this one's end is known; that is to have the processor, not the neighbour's.
    cpu.release();
  };
  signal?.addEventListener('abort', kill, { once: true });
  const console = new TextRing(CONSOLE_BYTES);
  const { stdout, stderr } = subprocess;
  if (stdout === null) throw new TypeError('The console of User Mode Linux is not a stream.');
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      console.push(chunk);
    });
  }
  const port: unknown = subprocess.stdio[PORT_FD];
  if (!(port instanceof Duplex)) throw new TypeError('The port to User Mode Linux is not a two-way stream.');
  const exited = (async (): Promise<string> => {
    try {
      const ended = once(subprocess, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
      // Whoever still has the console open is a process of the guest.
      const [[status, signalName]] = await Promise.all([ended, once(stdout, 'close')]);
      return signalName === null
        ? `The kernel ended with status ${String(status)}.`
        : `The kernel was ended by ${signalName}.`;
    } catch (error) {
      return `User Mode Linux could not be started: ${messageOf(error)}.`;
    } finally {
      cpu.release();
      signal?.removeEventListener('abort', kill);
    }
  })();
  return { port, console, exited, kill };
}

/** The arguments of `setpriv`. Each command becomes the next, except that `unshare` waits for the rest. */
function launch(boot: UmlBoot, cpu: number): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  return [
    '--pdeathsig',
    'KILL',
    'unshare',
    ...(isRoot ? [] : ['--map-root-user']),
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    HUGE_MEMORY,
    // The first process of the namespace: it only waits. A kernel that panics aborts, which the first process cannot.
    'unshare',
    '--fork',
    '--kill-child',
    // The kernel needs no privilege, and has none even if root starts it.
    'setpriv',
    '--no-new-privs',
    '--bounding-set=-all',
    '--inh-caps=-all',
    // Its heap right behind it: the kernel takes all that lies between for memory, and keeps books about it.
    'setarch',
    '--addr-no-randomize',
    'taskset',
    '--cpu-list',
    String(cpu),
    boot.kernelPath,
    `mem=${String(boot.memory)}M`,
    `initrd=${boot.initramfsPath}`,
    ...COMMAND_LINE,
    ...boot.parameters,
  ];
}
