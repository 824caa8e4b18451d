import { openGuest } from '../adapters/kernel/guest.ts';
import { type Kit, prepareKit } from '../adapters/kernel/kit.ts';
import { buildHelper } from '../adapters/native/build.ts';
import { Lane } from '../properties/lane.ts';
import type { Contract } from '../spec/contract.ts';
import type { Target } from '../spec/target.ts';
import { TappedConnection } from './tapped-connection.ts';

/** One guest that is driven in several ways. */
export interface BenchGuest {
  /** What the engine uses. */
  readonly lane: Lane;
  /** The same connection without the engine. */
  readonly tap: TappedConnection;
}

export async function makeKit(series: string, onProgress: (message: string) => void): Promise<Kit> {
  return prepareKit({ kernel: series, helper: await buildHelper({ onProgress }), onProgress });
}

/** The kit as a target. `cold` boots the guest instead of restoring it. */
export function targetOf(kit: Kit, options: { cold?: boolean } = {}): Target {
  const { statePath, ...bare } = kit;
  const cold = options.cold === true || statePath === undefined;
  return {
    name: `kernel ${kit.kernelVersion}`,
    prepare: () => Promise.resolve(),
    connect: () => openGuest(cold ? bare : kit),
  };
}

/** A guest with a session that is configured for the contract, all levels observed. */
export async function openBenchGuest(kit: Kit, contract: Contract): Promise<BenchGuest> {
  const tap = new TappedConnection(await openGuest(kit));
  let connected = false;
  const target: Target = {
    ...targetOf(kit),
    connect: () => {
      if (connected) throw new Error('bench: the guest ended or disagreed; its figures would mean nothing');
      connected = true;
      return Promise.resolve(tap.connection);
    },
  };
  const lane = new Lane(target, contract);
  await lane.session();
  return { lane, tap };
}
