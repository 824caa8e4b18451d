import type { KernelProfile } from '../../../spec/kernel.ts';
import type { Contract } from '../../../spec/contract.ts';
import type { Failure } from '../../../spec/operations/define.ts';
import type { MapFlag } from '../../../spec/operations/mappings.ts';
import type { Op, OperationName, Setting, SettingName } from '../../../spec/program.ts';
import type { Process, State } from '../../../model/state.ts';
import type { Choices } from '../choices.ts';

/** What generators need to know of the place where their programs will run. */
export interface Surroundings {
  readonly contract: Contract;
  readonly kernel: KernelProfile;
  /** The operations that the target performs, and the limits that it can set. */
  readonly operations: ReadonlySet<OperationName>;
  readonly settings: ReadonlySet<SettingName>;
  /** The flags of mmap that a program may give there. */
  readonly mapFlags: ReadonlySet<MapFlag>;
  /** What operations may ask to fail there. */
  readonly failures: ReadonlySet<Failure>;
}

/** What an operation's generator sees: the state before it, as the model has it. */
export interface Scene extends Surroundings {
  readonly choices: Choices;
  readonly state: State;
  readonly process: Process;
  /** The limits that the program runs under. */
  readonly setting: Setting;
  /** Names bound so far; new ones count up. */
  readonly names: { descriptors: number; mappings: number; actors: number };
  /**
   * Whether the program may map more memory than anybody wants to see brought in. Such a program locks nothing, so that
   * neither it nor a shortened form of it fills the target's memory page by page.
   */
  readonly huge: boolean;
  /** Whether this one operation shall be wrong in several ways at once, which shows what is checked first. */
  readonly reckless: boolean;
  /** What generators remember for the length of the program. */
  readonly memory: Map<string, unknown>;
}

/**
 * What operations are about. A program is about few themes, so that operations that have to do with each other meet
 * often although there are many kinds. `memory`: there is nothing to see without mappings. `weight`: how often, compared
 * with other themes; those that have much to show come more often.
 */
export const THEMES = {
  descriptors: { memory: false, weight: 4 },
  passing: { memory: false, weight: 4 },
  transfers: { memory: false, weight: 4 },
  vectors: { memory: false, weight: 4 },
  copies: { memory: true, weight: 5 },
  refusals: { memory: false, weight: 7 },
  areas: { memory: true, weight: 5 },
  moving: { memory: true, weight: 7 },
  advice: { memory: true, weight: 6 },
  locks: { memory: true, weight: 7 },
  dirty: { memory: true, weight: 5 },
  foreign: { memory: true, weight: 5 },
  processes: { memory: true, weight: 3 },
  module: { memory: false, weight: 3 },
} as const;
export type Theme = keyof typeof THEMES;

/** How an operation of one kind is made. */
export interface Generator<Name extends OperationName> {
  /** How often it comes in programs about a theme, or in every program, compared with others there. */
  readonly in: Readonly<Partial<Record<Theme | 'every', number>>>;
  /** Undefined when nothing of this kind makes sense now. */
  readonly make: (scene: Scene) => Op<Name> | undefined;
}

/** The generators of a family of operations by name. */
export type Generators<Names extends OperationName = OperationName> = { readonly [Name in Names]: Generator<Name> };
