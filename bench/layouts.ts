import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { resolveTarget } from '../adapters/targets.ts';
import type { Session } from '../properties/engine/session.ts';
import type { judgeReply } from '../properties/engine/batch.ts';
import type { runCampaign } from '../properties/engine/campaign.ts';
import type { ProgramArbitrary, programNumber, surroundingsOf } from '../properties/generate/program.ts';
import type { Instance } from '../properties/engine/instance.ts';
import type { lockstep } from '../properties/lockstep.ts';
import type { shrink } from '../properties/shrink/shrink.ts';
import type { loadContract } from '../spec/io/load.ts';

/** What this bench uses of the inside of a checkout, its own included. Nothing else here names files of the inside. */
export interface Parts {
  readonly loadContract: typeof loadContract;
  readonly resolveTarget: typeof resolveTarget;
  readonly Session: typeof Session;
  readonly ProgramArbitrary: typeof ProgramArbitrary;
  readonly programNumber: typeof programNumber;
  readonly surroundingsOf: typeof surroundingsOf;
  readonly lockstep: typeof lockstep;
  readonly judgeReply: typeof judgeReply;
  readonly Instance: typeof Instance;
  readonly shrink: typeof shrink;
  readonly runCampaign: typeof runCampaign;
}

/** One that can be connected to. */
export type Target = Awaited<ReturnType<ReturnType<Parts['resolveTarget']>['prepare']>>;
export type Connect = Target['connect'];
export type Contract = ReturnType<Parts['loadContract']>;
export type Program = ReturnType<Parts['programNumber']>;

export type OpenSession = Awaited<ReturnType<Parts['Session']['open']>>;

/** The file of each part, from the top of a checkout, and behind `#` the name that it has there where that is another one. */
type Layout = Readonly<Record<keyof Parts, string>>;

/** By its name; the first of whose files all exist is the layout of a checkout. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  /** Until commit 738498a. */
  baseline: {
    loadContract: 'spec/load.ts',
    resolveTarget: 'adapters/targets.ts',
    Session: 'adapters/session.ts',
    ProgramArbitrary: 'properties/generate.ts',
    programNumber: 'properties/generate.ts',
    surroundingsOf: 'properties/generate.ts',
    lockstep: 'properties/lockstep.ts',
    judgeReply: 'properties/batch.ts',
    Instance: 'properties/lane.ts#Lane',
    shrink: 'properties/shrink.ts',
    runCampaign: 'properties/campaign.ts',
  },
  rooms: {
    loadContract: 'spec/io/load.ts',
    resolveTarget: 'adapters/targets.ts',
    Session: 'properties/engine/session.ts',
    ProgramArbitrary: 'properties/generate/program.ts',
    programNumber: 'properties/generate/program.ts',
    surroundingsOf: 'properties/generate/program.ts',
    lockstep: 'properties/lockstep.ts',
    judgeReply: 'properties/engine/batch.ts',
    Instance: 'properties/engine/instance.ts',
    shrink: 'properties/shrink/shrink.ts',
    runCampaign: 'properties/engine/campaign.ts',
  },
};

/**
 * The parts of a checkout. They are taken to have the types of this checkout's: where another one's differ, what uses them has to
 * cope with both.
 *
 * @throws when the checkout is laid out in no known way, with the files that each of them lacks
 */
export async function loadParts(directory: string): Promise<Parts> {
  const layout = layoutOf(directory);
  const parts = await Promise.all(
    Object.entries(layout).map(async ([part, place]) => {
      const [file = '', name = part] = place.split('#');
      const module = (await import(pathToFileURL(path.join(directory, file)).href)) as Record<string, unknown>;
      if (module[name] === undefined)
        throw new Error(`bench: ${path.join(directory, file)} does not export \`${name}\``);
      return [part, module[name]] as const;
    }),
  );
  return Object.fromEntries(parts) as unknown as Parts;
}

/** The target of a checkout, made ready with progress on standard error. */
export async function prepareTarget({ resolveTarget }: Parts, name: string): Promise<Target> {
  const target = resolveTarget(name);
  // Until commit 738498a `prepare` yielded nothing, and it was the target itself that could be connected to.
  const ready = (await target.prepare({ onProgress: console.error })) as Target | undefined;
  return ready ?? (target as unknown as Target);
}

/** The layout of which no file is missing. */
export function layoutOf(directory: string): Layout {
  const misses: string[] = [];
  for (const [name, layout] of Object.entries(LAYOUTS)) {
    const missing = [...new Set(Object.values(layout).map((place) => place.split('#')[0] ?? ''))].filter(
      (file) => !existsSync(path.join(directory, file)),
    );
    if (missing.length === 0) return layout;
    misses.push(`the layout \`${name}\` lacks ${missing.join(', ')}`);
  }
  throw new Error(`bench: ${directory} is laid out in no way that bench/layouts.ts knows: ${misses.join('; ')}`);
}
