import type { Contract } from '../../spec/contract.ts';
import type { JournalEntry } from '../../spec/journal.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';

export const PROPERTY_NAMES = [
  'corpus',
  'lockstep',
  'exploration',
  'failures',
  'balance',
  'isolation',
  'leak',
] as const;
export type PropertyName = (typeof PROPERTY_NAMES)[number];

/** One target and one contract, checked by some properties. */
export interface Campaign {
  readonly target: ReadyTarget;
  readonly contract: Contract;
  readonly properties: readonly PropertyName[];
  readonly seed: number;
  /** Programs for `lockstep`, and for each of the other generated properties. */
  readonly programs: number;
  /** Ends `lockstep` after this many milliseconds instead. */
  readonly timeMs?: number;
  /** Budget for shrinking one counterexample, in milliseconds. */
  readonly shrinkMs: number;
  /** How long the target may be silent while an answer is due, in milliseconds; 30 seconds if absent. */
  readonly silenceMs?: number;
  /** Instances of the target that work at once; what the target is best run with if absent. */
  readonly jobs?: number;
  readonly signal: AbortSignal;
  /** Appends one entry; the journal is flushed by the callee. */
  readonly write: (entry: JournalEntry) => void;
  readonly onProgress: (progress: CampaignProgress) => void;
}

export interface CampaignProgress {
  readonly property: PropertyName;
  readonly stage: 'starting' | 'checking' | 'shrinking' | 'done';
  /** Programs checked so far and, when known, planned. */
  readonly programs: number;
  readonly planned?: number;
  readonly operations: number;
  /** Operations per second since the property began. */
  readonly perSecond: number;
  readonly failures: number;
}
