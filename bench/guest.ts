import { openGuest } from '../adapters/linux/guest.ts';
import { kernelRelease } from '../adapters/linux/releases.ts';
import { debianKernel } from '../adapters/linux/root.ts';
import { prepareKit } from '../adapters/qemu/kit.ts';
import { buildHelper } from '../adapters/native/build.ts';
import { Instance } from '../properties/engine/instance.ts';
import type { Contract } from '../spec/contract.ts';
import type { ReadyTarget } from '../spec/ports/target.ts';
import { TappedConnection } from './tapped-connection.ts';

/** One guest that is driven in several ways. */
export interface BenchGuest {
  /** What the engine uses. */
  readonly instance: Instance;
  /** The same connection without the engine. */
  readonly tap: TappedConnection;
}

/** A target like `kernel:6.12` whose guests boot instead of being restored. */
export async function coldTarget(series: string, onProgress: (message: string) => void): Promise<ReadyTarget> {
  const helper = await buildHelper({ onProgress });
  const { boot, accelerator } = await prepareKit({ source: debianKernel(kernelRelease(series)), helper, onProgress });
  return {
    name: `kernel:${series}`,
    connect: () => openGuest({ boot, accelerator }),
  };
}

/** A guest with a session that is configured for the contract, all levels observed. */
export async function openBenchGuest(prepared: ReadyTarget, contract: Contract): Promise<BenchGuest> {
  const tap = new TappedConnection(await prepared.connect());
  let connected = false;
  const target: ReadyTarget = {
    name: prepared.name,
    connect: () => {
      if (connected) throw new Error('bench: the guest ended or disagreed; its figures would mean nothing');
      connected = true;
      return Promise.resolve(tap.connection);
    },
  };
  const instance = new Instance(target, contract);
  await instance.session();
  return { instance, tap };
}
