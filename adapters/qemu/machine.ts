import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { ConformanceError, messageOf } from '../../spec/errors.ts';
import type { Architecture } from '../linux/architecture.ts';
import { QmpClient } from './qmp.ts';
import { TextRing } from '../wire/text-ring.ts';

export type Accelerator = 'kvm' | 'tcg';

/** What a guest boots from, and on. */
export interface BootFiles {
  readonly architecture: Architecture;
  readonly kernelPath: string;
  readonly initramfsPath: string;
}

export interface MachineOptions {
  readonly boot: BootFiles;
  readonly accelerator: Accelerator;
  /** An open file with the state of a stopped machine: the machine waits for it instead of booting. */
  readonly stateFd?: number;
  readonly signal?: AbortSignal;
}

/** A running QEMU. */
export interface Machine {
  /** The other end of the helper's stdin and stdout. */
  readonly port: Duplex;
  readonly qmp: QmpClient;
  /** What the guest prints on its serial console, and what QEMU itself complains about. */
  readonly console: TextRing;
  /** Resolves with a sentence when QEMU has ended. Never rejects. */
  readonly exited: Promise<string>;
  /** Resolves once the console has shown this text; rejects when QEMU ends before. */
  waitForConsole(text: string): Promise<void>;
  kill(): void;
}

/** The name under which the guest finds its port; `init.c` looks for it. */
const PORT_NAME = 'mmap-conformance.0';

/** File descriptors that QEMU inherits. Descriptors instead of paths: nothing to clean up, nobody else can connect. */
export const STATE_FD = 0;
const PORT_FD = 3;
const QMP_FD = 4;
const CONSOLE_FD = 5;

const CONSOLE_BYTES = 64 * 1024;

/** What the kernel is told besides the name of its console. */
const KERNEL_COMMAND_LINE = [
  'quiet',
  // An oops ends the guest at once, so that it is told apart from a hang.
  'oops=panic',
  'panic=-1',
  'reboot=t',
  'mitigations=off',
  // A freed page reads as zeros at once, so that a page freed too early is seen by whoever still reaches it. (Debian's
  // kernels are built without CONFIG_PAGE_POISONING, so page_poison=1 has no effect on them.)
  'init_on_free=1',
  // Some 10,000 callbacks fit before the oldest line is lost.
  'log_buf_len=1M',
  'random.trust_cpu=on',
].join(' ');

/** Everything about the machine that a saved state depends on. */
export function machineArguments(accelerator: Accelerator, { qemu }: Architecture): readonly string[] {
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-nic',
    'none',
    '-machine',
    qemu.machine,
    '-accel',
    accelerator,
    '-cpu',
    qemu.processor[accelerator],
    '-m',
    '128M',
    '-smp',
    '1',
    '-append',
    `console=${qemu.console} ${KERNEL_COMMAND_LINE}`,
    '-chardev',
    `socket,id=console,fd=${String(CONSOLE_FD)}`,
    '-serial',
    'chardev:console',
    '-device',
    qemu.serialDevice,
    '-chardev',
    `socket,id=port,fd=${String(PORT_FD)}`,
    '-device',
    `virtserialport,chardev=port,name=${PORT_NAME}`,
    '-chardev',
    `socket,id=qmp,fd=${String(QMP_FD)}`,
    '-mon',
    'chardev=qmp,mode=control',
  ];
}

/** Starts QEMU. It dies with this process, however this process ends: the kernel sees to it. */
export function startMachine(options: MachineOptions): Machine {
  const { boot, accelerator, stateFd, signal } = options;
  signal?.throwIfAborted();
  // Not execa: its types have no place for a file descriptor of our own, which is how QEMU gets its state.
  const subprocess = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      boot.architecture.qemu.binary,
      ...machineArguments(accelerator, boot.architecture),
      '-kernel',
      boot.kernelPath,
      '-initrd',
      boot.initramfsPath,
      ...(stateFd === undefined ? [] : ['-S', '-incoming', 'defer']),
    ],
    { stdio: [stateFd ?? 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'] },
  );
  const kill = (): void => {
    subprocess.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill, { once: true });

  const console = new TextRing(CONSOLE_BYTES);
  const listeners = new Set<() => void>();
  const onConsole = (chunk: Buffer): void => {
    console.push(chunk);
    for (const listener of listeners) {
      listener();
    }
  };
  const pipes: readonly unknown[] = subprocess.stdio;
  const serial = duplex(pipes[CONSOLE_FD]);
  for (const stream of [serial, subprocess.stdout, subprocess.stderr]) {
    stream?.on('data', onConsole);
  }

  const exited = (async (): Promise<string> => {
    try {
      const ended = once(subprocess, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
      // The last words of the guest may arrive after its death. (The port is not waited for: nobody may be reading it.)
      const [[status, signalName]] = await Promise.all([ended, once(serial, 'close')]);
      return signalName === null ? `QEMU ended with status ${String(status)}.` : `QEMU was ended by ${signalName}.`;
    } catch (error) {
      return `QEMU could not be started: ${messageOf(error)}.`;
    } finally {
      signal?.removeEventListener('abort', kill);
    }
  })();
  return {
    port: duplex(pipes[PORT_FD]),
    qmp: new QmpClient(duplex(pipes[QMP_FD])),
    console,
    exited,
    waitForConsole: (text) =>
      new Promise((resolve, reject) => {
        const listener = (): void => {
          if (console.text().includes(text)) {
            listeners.delete(listener);
            resolve();
          }
        };
        listeners.add(listener);
        listener();
        void exited.then((how) => {
          listeners.delete(listener);
          reject(
            new ConformanceError(
              'target',
              'guest-ended',
              `${how} The console was to show "${text}" first. Its last lines:\n${console.tail(20)}`,
            ),
          );
        });
      }),
    kill,
  };
}

function duplex(stream: unknown): Duplex {
  if (!(stream instanceof Duplex)) {
    throw new TypeError('A pipe to QEMU is not a two-way stream.');
  }
  return stream;
}
