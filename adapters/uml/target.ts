import { availableParallelism } from 'node:os';
import { MOST_INSTANCES, type Target } from '../../spec/target.ts';
import { connectTo } from '../kernel/guest.ts';
import type { KernelTargetOptions } from '../kernel/target.ts';
import { buildHelper } from '../native/build.ts';
import { installPackages } from '../packages.ts';
import { prepareUmlKit, type UmlKit } from './kit.ts';
import { startUml } from './machine.ts';
import { umlName, type UmlRelease } from './releases.ts';

/** Linux as a process of this machine, with the modules loaded and the helper inside. */
export function umlTarget(release: UmlRelease, options: KernelTargetOptions = {}): Target {
  const name = options.name ?? umlName(release);
  let kit: UmlKit | undefined;
  return {
    name,
    ownsKernel: true,
    // Each stays on one processor, and checking takes another: on two of them, two instances are slower than one.
    instances: Math.max(1, Math.min(availableParallelism() - 1, MOST_INSTANCES)),
    ...(release.checks && {
      counting: {
        reached: (data) => kit?.counting?.reached(data) ?? [],
        read: async (module, counters) => (await kit?.counting?.read(module, counters)) ?? [],
      },
    }),
    prepare: async ({ onProgress, signal }) => {
      await installPackages('uml', onProgress);
      const helper = await buildHelper({ onProgress });
      kit = await prepareUmlKit({
        release,
        helper,
        onProgress,
        ...(options.patch !== undefined && { patch: options.patch }),
        ...(options.modules && { modules: options.modules }),
        ...(signal && { signal }),
      });
    },
    connect: (signal) => {
      if (kit === undefined) throw new Error(`${name}: connect before prepare`);
      return Promise.resolve(connectTo(startUml(kit.boot, signal), signal));
    },
  };
}
