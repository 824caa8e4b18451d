import type { KernelProfile } from '../../spec/kernel.ts';
import { copiesInOneAttempt, copiesShortByString } from '../changes.ts';

/** A run of equal steps of a copy: `width` bytes at a time are loaded and then stored, ascending. */
export interface Steps {
  /** First byte, and the byte after the last; a multiple of `width` apart. */
  readonly from: number;
  readonly to: number;
  readonly width: 1 | 8;
  /** Whether the rest is tried byte by byte when a step cannot access memory: what fails then fails a second time. */
  readonly retry: boolean;
}

const WORD = 8;
/** From here on the kernel uses string instructions. */
const LONG = 64;

/**
 * How the kernel copies `count` bytes to or from user memory (`copy_user_generic` of arch/x86). It decides what two views of
 * one page make of an overlapping copy, and how often a page that cannot be had is asked for.
 */
export function copyRoutine(kernel: KernelProfile, count: number, destination: number): readonly Steps[] {
  const { fastStrings } = kernel.facts;
  if (copiesInOneAttempt(kernel)) {
    // A plain `rep movsb` needs no second attempt.
    const oneString = fastStrings === 'all' || (fastStrings === 'long' && count >= LONG);
    return oneString ? [bytes(0, count, false)] : movsAlternative(count, destination);
  }
  if (fastStrings === undefined) return genericString(count, destination);
  const oneString = count >= LONG || (fastStrings === 'all' && copiesShortByString(kernel));
  return oneString ? [bytes(0, count, true)] : shortString(count);
}

/** `copy_user_generic_string`, until Linux 6.3: whatever fails ends in `.Lcopy_user_handle_tail`, which tries again. */
function genericString(count: number, destination: number): readonly Steps[] {
  if (count < WORD) return [bytes(0, count, true)];
  const head = (WORD - (destination % WORD)) % WORD;
  const end = wholeWords(head, count);
  return [bytes(0, head, true), words(head, end), bytes(end, count, true)];
}

/** `copy_user_short_string` of `copy_user_enhanced_fast_string`, until Linux 6.3. */
function shortString(count: number): readonly Steps[] {
  const end = wholeWords(0, count);
  return [words(0, end), bytes(end, count, true)];
}

/** `rep_movs_alternative`, since Linux 6.4: words that fail are tried again as bytes, bytes are not. */
function movsAlternative(count: number, destination: number): readonly Steps[] {
  const isLong = count >= LONG;
  // Long copies take the first word as it lies; from the next aligned one on, some bytes are copied a second time.
  const start = isLong ? WORD - (destination % WORD) : 0;
  const end = wholeWords(start, count);
  return [...(isLong ? [words(0, WORD)] : []), words(start, end), bytes(end, count, false)];
}

function bytes(from: number, to: number, retry: boolean): Steps {
  return { from, to, width: 1, retry };
}

/** All routines try again as bytes what they could not copy as a word. */
function words(from: number, to: number): Steps {
  return { from, to, width: WORD, retry: true };
}

/** Where the last whole word behind `start` ends. */
function wholeWords(start: number, count: number): number {
  return start + Math.floor((count - start) / WORD) * WORD;
}
