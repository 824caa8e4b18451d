import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDeadline } from '../wire/deadline.ts';
import { STATE_FD, startMachine } from './machine.ts';
import type { Accelerator, BootFiles, Machine } from './machine.ts';

/** The console line of `init.c` that comes right before the helper runs. */
export const HELPER_STARTS = 'mmap-conformance: helper starts';

const BOOT_DEADLINE_MS = 60_000;
const SAVE_DEADLINE_MS = 60_000;
const RESTORE_DEADLINE_MS = 20_000;

/** From the line above until the helper waits for its first request; being early costs time later, nothing else. */
const SETTLE_MS = 400;

/** QEMU slows a transfer down to protect a network that we do not have. Bytes per second. */
const UNLIMITED_BANDWIDTH = 10_000_000_000;

interface StartOptions {
  readonly boot: BootFiles;
  readonly accelerator: Accelerator;
  readonly signal?: AbortSignal;
}

/** Boots a machine until its helper is about to run. On failure nothing of it is left. */
export async function bootMachine(options: StartOptions, deadlineMs = BOOT_DEADLINE_MS): Promise<Machine> {
  const machine = startMachine(options);
  return orKill(machine, async () => {
    await withDeadline(machine.waitForConsole(HELPER_STARTS), deadlineMs, 'the guest boots', () =>
      machine.console.tail(20),
    );
    return machine;
  });
}

/**
 * Boots a machine, stops it where its helper waits for the first request, and writes its state into a new file. The
 * machine is gone afterwards.
 */
export async function saveState(options: StartOptions, statePath: string): Promise<void> {
  const machine = await bootMachine(options);
  await orKill(machine, async () => {
    await sleep(SETTLE_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
    const saved = async (): Promise<void> => {
      await machine.qmp.negotiate();
      await machine.qmp.execute('stop');
      await machine.qmp.execute('migrate-set-parameters', { 'max-bandwidth': UNLIMITED_BANDWIDTH });
      await receiveState(machine, statePath);
    };
    await withDeadline(saved(), SAVE_DEADLINE_MS, 'the state of the guest is saved', () => machine.console.tail(20));
  });
  machine.kill();
  await machine.exited;
}

/**
 * QEMU 7.2 cannot write its state to a file without a shell in between, but it can send it to a socket, and reads it
 * from any inherited descriptor.
 */
async function receiveState(machine: Machine, statePath: string): Promise<void> {
  // A directory that only we can enter, with a short path: the name of a socket has 107 bytes at most.
  const directory = await mkdtemp(path.join(tmpdir(), 'mmap-conformance-'));
  const socketPath = path.join(directory, 'state');
  const server = createServer();
  try {
    server.listen(socketPath);
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const received = connected.then(([socket]) => pipeline(socket, createWriteStream(statePath)));
    await Promise.all([machine.qmp.migrate('migrate', { uri: `unix:${socketPath}` }), received]);
  } finally {
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts a machine from a saved state; it runs when the promise resolves. On failure nothing of it is left. */
export async function restoreMachine(options: StartOptions, statePath: string): Promise<Machine> {
  const file = await open(statePath, 'r');
  try {
    const machine = startMachine({ ...options, stateFd: file.fd });
    return await orKill(machine, async () => {
      const restored = async (): Promise<void> => {
        await machine.qmp.negotiate();
        // An answer of the helper to a request that comes too early would be lost, hence the wait.
        await machine.qmp.migrate('migrate-incoming', { uri: `fd:${String(STATE_FD)}` });
        await machine.qmp.execute('cont');
      };
      await withDeadline(
        Promise.race([restored(), machine.exited.then((how) => Promise.reject(new Error(how)))]),
        RESTORE_DEADLINE_MS,
        'the state of the guest is restored',
        () => machine.console.tail(20),
      );
      return machine;
    });
  } finally {
    // QEMU has a copy of the descriptor.
    await file.close();
  }
}

async function orKill<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    machine.kill();
    await machine.exited;
    throw error;
  }
}
