import type { Contract } from '../../spec/contract.ts';
import type { Driver } from './driver.ts';
import type { Parts } from './faults.ts';
import type { OpenFile } from './file.ts';
import { PhysicalMemory } from './frames.ts';

/** What all processes share: memory, the driver, and work that waits for the end of a system call. */
export class Kernel {
  readonly parts: Parts;
  readonly memory = new PhysicalMemory();
  readonly driver: Driver;
  readonly #released: OpenFile[] = [];

  constructor(contract: Contract, parts: Parts) {
    this.parts = parts;
    this.driver = new parts.Driver(contract, this.memory);
  }

  /** `fput`: the last reference queues the driver's `release`, which runs when the system call returns. */
  putFile(file: OpenFile): void {
    file.references -= 1;
    if (file.references === 0) this.#released.push(file);
  }

  /** `task_work_run`: the work queued last runs first. */
  returnToUser(): void {
    for (let file = this.#released.pop(); file !== undefined; file = this.#released.pop()) this.driver.release(file);
  }
}
