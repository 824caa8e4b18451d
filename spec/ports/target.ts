import type { Connection } from './connection.ts';
import type { DriverCounting } from './driver-counting.ts';

/** More instances of one target than this gain nothing: one process checks what all of them observe. */
export const MOST_INSTANCES = 64;

/**
 * Something that can be asked for by name: `kernel:6.12`, `memfd`, `sim`, `reference`, or a command of the user's (`adapter:…`).
 * All that can be done with it is to make it ready; what that yields can be connected to.
 */
export interface Target {
  readonly name: string;
  /**
   * Builds whatever the target needs and is not there yet.
   *
   * @throws ConformanceError of kind `target` that says what is missing or broken, of kind `usage` when such a target cannot exist
   */
  prepare(options: PrepareOptions): Promise<ReadyTarget>;
}

/** A target that lacks nothing any more. */
export interface ReadyTarget {
  readonly name: string;
  /** How many instances at once it is best run with, at most `MOST_INSTANCES`; 1 if absent. */
  readonly instances?: number;
  /**
   * Whether each instance has a kernel of its own. What ends such an instance each time it is tried, or hangs it, is a breach of
   * what the kernel promises. Any other target is a program: that it ends, hangs or talks nonsense tells nothing of what it
   * implements, so that is never a failure.
   */
  readonly ownsKernel?: true;
  /** A fresh connection to a clean system under test. */
  connect(signal?: AbortSignal): Promise<Connection>;
  /** Makes lines of what its kernel counts in drivers. Absent where nothing is counted. */
  readonly counting?: DriverCounting;
}

export interface PrepareOptions {
  /** One short sentence for each stage, for people. */
  onProgress: (message: string) => void;
  signal?: AbortSignal;
}

/** What can be said of a target without starting it. */
export interface TargetStatus {
  readonly name: string;
  readonly description: string;
  readonly state: 'ready' | 'needs prepare' | 'missing';
  /** What is missing, and what mends it. */
  readonly detail?: string;
  /** It has a bug on purpose, which the suite must find. */
  readonly planted?: true;
}
