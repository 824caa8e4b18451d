import { end, initialState, step } from '../model/step.ts';
import type { Contract } from '../spec/contract.ts';
import type { KernelProfile } from '../spec/kernel.ts';
import type { Workload } from './workload.ts';

/** Operations per second of the model alone, on one core: every step of every program and its end, nothing compared. */
export function modelSpeed({ programs, operations }: Workload, contract: Contract, kernel: KernelProfile): number {
  const begun = performance.now();
  for (const program of programs) {
    let state = initialState(contract, kernel, program);
    for (const operation of program.ops) state = step(state, operation, contract, kernel).state;
    end(state, contract, kernel);
  }
  return operations / ((performance.now() - begun) / 1000);
}
