import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import type { Program } from '../spec/program.ts';
import type { Trace } from './trace.ts';

/**
 * What programs must yield that were generated, which is stepping them: nobody has to step them again to judge them. Kept as long as
 * the program is, and found by the program itself, which is immutable; an equal one is another.
 */
const known = new WeakMap<Program, Trace>();

/** Keeps a trace for whoever asks for that of its program. */
export function remember(trace: Trace): void {
  known.set(trace.program, trace);
}

/** What a program must yield with a driver on a kernel, if that is known. */
export function knownTrace(program: Program, contract: Contract, kernel: KernelProfile): Trace | undefined {
  const trace = known.get(program);
  return trace?.isOf(contract, kernel) === true ? trace : undefined;
}
