import type { Step } from '../model/step.ts';
import { type Trace, traceProgram } from '../model/trace.ts';
import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import type { Workload } from './workload.ts';

/** Operations per second of the model alone, on one core: every step of every program and its end, nothing compared. */
export function modelSpeed({ programs, operations }: Workload, contract: Contract, kernel: KernelProfile): number {
  const begun = performance.now();
  for (const program of programs) complete(traceProgram(program, contract, kernel));
  return operations / ((performance.now() - begun) / 1000);
}

/** The end of a trace is computed when it is asked for. */
function complete({ steps, end }: Trace): Step[] {
  return [...steps, end];
}
