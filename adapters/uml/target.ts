import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConformanceError } from '../../spec/errors.ts';
import { MOST_INSTANCES, type Target } from '../../spec/ports/target.ts';
import { connectTo } from '../linux/guest.ts';
import { withDeadline } from '../wire/deadline.ts';
import { HELPER_STARTS } from '../qemu/saved-state.ts';
import type { ModuleTargetOptions } from '../linux/guest-software.ts';
import { explainStart, type UserModule } from '../linux/user-module.ts';
import { buildHelper } from '../native/build.ts';
import { requirePackages } from '../linux/packages.ts';
import { prepareUmlKit } from './kit.ts';
import { startUml, type UmlBoot } from './machine.ts';
import { umlName, type UmlRelease } from './releases.ts';

/** Linux as a process of this machine, with the modules loaded and the helper inside. */
export function umlTarget(release: UmlRelease, options: ModuleTargetOptions = {}): Target {
  const name = options.name ?? umlName(release);
  return {
    name,
    prepare: async (context) => {
      await requirePackages('uml');
      const helper = await buildHelper({ onProgress: context.onProgress });
      const { boot, counting } = await prepareUmlKit({ ...options, ...context, release, helper });
      if (options.userModule !== undefined) await tryStart(boot, options.userModule, context.signal);
      return {
        name,
        ownsKernel: true,
        // Each stays on one processor, and checking takes another: on two of them, two instances gain next to nothing.
        instances: Math.max(1, Math.min(availableParallelism() - 1, MOST_INSTANCES)),
        ...(counting && { counting }),
        connect: (signal) => Promise.resolve(connectTo(startUml(boot, signal), signal)),
      };
    },
  };
}

const POLL_MS = 20;
const START_DEADLINE_MS = 60_000;
const TAIL_LINES = 20;

/** Starts a guest for a moment, so that a module which cannot be loaded is told before anything is checked. */
async function tryStart(boot: UmlBoot, module: UserModule, signal: AbortSignal | undefined): Promise<void> {
  const machine = startUml(boot, signal);
  let waits = true;
  const started = async (): Promise<void> => {
    while (waits && !machine.console.text().includes(HELPER_STARTS)) await sleep(POLL_MS);
  };
  const ended = machine.exited.then((how) => {
    const error = new ConformanceError('target', 'guest-ended', `The guest ended before its helper ran: ${how}`);
    throw explainStart(error, module, machine.console.text());
  });
  try {
    await withDeadline(Promise.race([started(), ended]), START_DEADLINE_MS, 'the guest starts', () =>
      machine.console.tail(TAIL_LINES),
    );
  } finally {
    waits = false;
    machine.kill();
    await machine.exited;
  }
}
