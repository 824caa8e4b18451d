import { encodeBytes } from '../../spec/bytes.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Result } from './errno.ts';

export const DONE: Outcome = { ret: 0 };
export const UNBOUND: Outcome = { none: 'unbound' };
export const UNSAFE: Outcome = { none: 'unsafe' };

export function outcomeOf(result: Result): Outcome {
  return typeof result === 'number' ? { ret: result } : { errno: result };
}

/** The outcome of a call that has filled the first bytes of a buffer. */
export function dataOutcome(result: Result, bytes: Uint8Array): Outcome {
  if (typeof result === 'string') return { errno: result };
  return { ret: result, data: encodeBytes(bytes.subarray(0, result)) };
}
