import type { Connection, ConnectionEnd } from '../../spec/ports/connection.ts';
import { bootMachine, restoreMachine } from '../qemu/saved-state.ts';
import { BadLine, linesOf } from '../wire/lines.ts';
import type { Kit } from '../qemu/kit.ts';
import type { Machine } from '../qemu/machine.ts';

/** How many lines of the console an error message shows. */
const TAIL_LINES = 20;

/** A trace is printed before the kernel gives up, or after. */
const TRACE_LINES = 120;

/** What Linux prints when it gives up. With `oops=panic` every oops ends with the first of them. */
const CRASH = /Kernel panic - not syncing|BUG: unable to handle|Oops: /;

/** What `init.c` prints when the helper has ended, or when it could not be started at all. */
const HELPER_ENDED = /mmap-conformance: (helper ended: .*|init failed: .*)/;

/**
 * Starts a guest from the saved state of a kit (or boots it, when the kit has none) and connects to its helper.
 *
 * @throws ConformanceError of kind `target` that names the stage that failed and shows the end of the console
 */
export async function openGuest(
  kit: Pick<Kit, 'boot' | 'accelerator' | 'statePath'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Connection> {
  const start = {
    boot: kit.boot,
    accelerator: kit.accelerator,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const machine = kit.statePath === undefined ? await bootMachine(start) : await restoreMachine(start, kit.statePath);
  return connectTo(machine, options.signal);
}

/** What a guest is, whatever runs it. */
export type GuestMachine = Pick<Machine, 'port' | 'console' | 'exited' | 'kill'>;

/** Makes a connection of a guest whose helper reads from the port, or soon will. */
export function connectTo(machine: GuestMachine, signal: AbortSignal | undefined): Connection {
  let asked: 'closed' | 'killed' | undefined;
  // Writing to a guest that has just died; `closed` tells why it did.
  machine.port.on('error', () => undefined);
  const closed = machine.exited.then((how): ConnectionEnd => {
    if (asked === undefined && signal?.aborted === true) {
      return { reason: 'killed', message: 'The guest was ended because the run was interrupted.' };
    }
    return describeEnd(asked, how, machine.console.text());
  });

  return {
    send: (line) => {
      machine.port.write(`${line}\n`);
    },
    lines: linesUntilEnd(machine),
    closed,
    close: async () => {
      asked ??= 'closed';
      // A guest keeps nothing that would have to be saved, so pulling the plug is an orderly end.
      machine.kill();
      await closed;
    },
    kill: () => {
      asked ??= 'killed';
      machine.kill();
    },
    consoleTail: () => machine.console.tail(TAIL_LINES),
  };
}

async function* linesUntilEnd(machine: GuestMachine): AsyncGenerator<string, void, undefined> {
  try {
    yield* linesOf(machine.port);
  } catch (error) {
    if (error instanceof BadLine) throw error;
    // The port breaks when QEMU dies; `closed` tells why it did.
  }
}

/** The first function of a module in a trace. With a question mark it may be a leftover on the stack. */
function functionOfModule(trace: readonly string[]): string {
  for (const line of trace) {
    const match = /(\w[\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+ \[(\w+)\]/.exec(line);
    if (match !== null && !line.includes('? ')) return `, in ${match[1] ?? ''} [${match[2] ?? ''}]`;
  }
  return '';
}

/** Tells from what was asked for and what the console shows why a guest has ended. */
export function describeEnd(asked: 'closed' | 'killed' | undefined, how: string, console: string): ConnectionEnd {
  // A crash that happened before somebody closed the guest, or lost patience and killed it, is still the crash.
  const lines = console.split('\n');
  const crash = lines.findIndex((line) => CRASH.test(line));
  if (crash !== -1) {
    const where = functionOfModule(lines.slice(Math.max(0, crash - TRACE_LINES)));
    return { reason: 'crashed', message: `The kernel of the guest crashed: ${lines[crash]?.trim() ?? ''}${where}` };
  }
  if (asked === 'closed') {
    return { reason: 'closed', message: 'The guest was closed.' };
  }
  if (asked === 'killed') {
    return { reason: 'killed', message: 'The guest was killed.' };
  }
  const helper = HELPER_ENDED.exec(console)?.[1];
  return { reason: 'exited', message: helper === undefined ? how : `The guest ended by itself (${helper}).` };
}
