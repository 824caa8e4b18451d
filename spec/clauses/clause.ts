import { type Callback, type Contract, loggedCallbacks, placementOf } from '../contract.ts';
import { atLeast } from '../kernel.ts';
import type { Level } from '../observation.ts';
import type { Failure } from '../operations/define.ts';
import type { PlacementFlag } from '../placements.ts';
import type { Platform } from '../platform.ts';
import type { OperationName, SettingName } from '../program.ts';

/** A kernel version: major and minor. */
export type Version = readonly [major: number, minor: number];

/** One numbered requirement. Ids are stable: a clause may be withdrawn, its id is never reused. */
export interface Clause<Id extends string = string> {
  readonly id: Id;
  readonly level: 'MUST' | 'SHOULD' | 'INFO';
  readonly text: string;
  /** Where it is written, or how it was measured. */
  readonly source: string;
  /** The level on which it can be seen. */
  readonly seen: Level | 'reports' | 'memory';
  /** The operations of which at least one must be supported to exercise it; absent: every target can. */
  readonly by?: readonly OperationName[];
  /** The limit that a program must be able to set to exercise it. */
  readonly setting?: SettingName;
  /** The first kernel that does this, and the first that no longer does. */
  readonly since?: Version;
  readonly before?: Version;
  /** Whether it says something about devices of this contract; absent: about all. */
  readonly applies?: (contract: Contract, facts: ClauseFacts) => boolean;
}

/** What of a target decides whether a clause applies. */
export interface ClauseFacts {
  readonly noexec: boolean;
  readonly executeOnly: boolean;
  readonly softDirty: boolean;
  readonly unlocksWholeArea: boolean;
  readonly memForce: boolean;
  readonly memoryFailure: boolean;
  readonly samePageMerging: boolean;
  readonly hugePages: boolean;
  readonly stepwiseCopies: boolean;
  readonly mapPages: number | undefined;
  readonly repeat: boolean;
  readonly version: Version;
  readonly platform: Platform;
  readonly operations: readonly OperationName[];
  readonly settings: readonly SettingName[];
  /** What operations may ask to fail. */
  readonly failures: readonly Failure[];
}

export type Applies = NonNullable<Clause['applies']>;

/** What a clause may say beside its text. */
export type Scope = Pick<Clause, 'by' | 'setting' | 'since' | 'before' | 'applies'>;

/** A MUST. The last argument says where it applies: a predicate, or more of it. */
export function clause<const Id extends string>(
  id: Id,
  seen: Clause['seen'],
  text: string,
  source: string,
  scope: Applies | Scope = {},
): Clause<Id> {
  return { id, level: 'MUST', text, source, seen, ...(typeof scope === 'function' ? { applies: scope } : scope) };
}

export const perOpen: Applies = (contract) => contract.buffer.owner === 'description';
export const perDevice: Applies = (contract) => contract.buffer.owner === 'device';
export const positioned: Applies = (contract) => contract.positioned;
export const notPositioned: Applies = (contract) => !contract.positioned;
export const aliasing: Applies = (contract) => contract.fault === 'first';
export const byOffset: Applies = (contract) => contract.fault === 'offset';
export const opens: Applies = (contract) => contract.vmOperations.open;
export const closes: Applies = (contract) => contract.vmOperations.close;
/** Whether a mapping may show a page that the driver has not: beyond the buffer, or gone. */
export const mayLackPages: Applies = (contract, facts) => {
  if (inserts(contract, facts)) return true;
  if (!faults(contract, facts) || contract.fault === 'first') return false;
  return contract.mmap.range === 'any' || notFixedInSize(contract, facts);
};
/** Areas that grow where they are: those that merge with what is added, or are left alone. */
export const mergesToGrow: Applies = (contract, facts) =>
  atLeast(facts, 5, 19) && (!contract.vmOperations.close || atLeast(facts, 6, 4));
export const growsInPlace: Applies = (contract, facts) => faults(contract, facts) || !mergesToGrow(contract, facts);
/** How the driver’s pages get into a mapping. */
export const faults: Applies = (contract) => placementOf(contract).when === 'access';
export const inserts: Applies = (contract) => areaFlags(contract).has('mixedmap');
export const remaps: Applies = (contract) => areaFlags(contract).has('pfnmap');
/** Whether pagemap shows pages of the device. */
export const shown: Applies = (contract) => placementOf(contract).hasPages;
/** The flags of an area, whether the driver itself sets them or placing its pages does. */
function areaFlags(contract: Contract): ReadonlySet<PlacementFlag> {
  return new Set<PlacementFlag>([...contract.mmap.flags, ...placementOf(contract).flags]);
}
/** VM_SPECIAL. */
const SPECIAL: ReadonlySet<PlacementFlag> = new Set(['io', 'dontexpand', 'pfnmap', 'mixedmap']);
/** Areas of VM_SPECIAL never merge and are never locked. */
export const special: Applies = (contract) => !areaFlags(contract).isDisjointFrom(SPECIAL);
export const notSpecial: Applies = (contract, facts) => !special(contract, facts);
/** mremap can make no area longer, and leave none without its pages (VM_DONTEXPAND, VM_PFNMAP). */
export const fixedInSize: Applies = (contract) =>
  areaFlags(contract).has('dontexpand') || areaFlags(contract).has('pfnmap');
export const notFixedInSize: Applies = (contract, facts) => !fixedInSize(contract, facts);
export const merges: Applies = (contract, facts) => !contract.vmOperations.close && notSpecial(contract, facts);
export const ranged: Applies = (contract) => contract.mmap.range === 'buffer';
/** Whether there is a mapping that the driver refuses. */
export const refuses: Applies = ({ mmap }) => mmap.range !== 'any' || mmap.private === 'refused';
export const mapsPrivately: Applies = (contract) => contract.mmap.private !== 'refused';
export const reads: Applies = (contract) => contract.read !== undefined;
export const writes: Applies = (contract) => contract.write !== undefined;
export const transfers: Applies = (contract, facts) => reads(contract, facts) || writes(contract, facts);
/** Any of these. */
export const either =
  (...conditions: readonly Applies[]): Applies =>
  (contract, facts) =>
    conditions.some((condition) => condition(contract, facts));
/** All of these. */
export const both =
  (...conditions: readonly Applies[]): Applies =>
  (contract, facts) =>
    conditions.every((condition) => condition(contract, facts));
/** The kernel looks into page tables to copy to and from memory of a process. */
export const byPage: Applies = (_, facts) => facts.platform.userCopies === 'by-page';
/** The node is a regular file (of proc). */
export const regular: Applies = (contract) => contract.node.kind === 'proc';
export const character: Applies = (contract) => contract.node.kind === 'character';
export const fails =
  (failure: Failure): Applies =>
  (_, facts) =>
    facts.failures.includes(failure);
export const logs =
  (name: Callback): Applies =>
  (contract) =>
    loggedCallbacks(contract).includes(name);
