import type { Contract } from '../../spec/contract.ts';
import type { Driver } from './driver.ts';
import type { Parts } from './parts.ts';
import type { OpenFile } from './file.ts';
import type { PhysicalMemory } from './frames.ts';
import type { KernelVersion } from './kernel-version.ts';
import type { Limits } from './limits.ts';

/** What all processes share: memory, the driver, limits, and work that waits for the end of a system call. */
export class Kernel {
  readonly parts: Parts;
  readonly version: KernelVersion;
  readonly memory: PhysicalMemory;
  readonly driver: Driver;
  limits: Limits;
  /** Descriptions under way in the socket that all processes share, oldest first. */
  socket: OpenFile[] = [];
  readonly #released: OpenFile[] = [];

  constructor(contract: Contract, parts: Parts, version: KernelVersion) {
    this.parts = parts;
    this.version = version;
    this.memory = new parts.PhysicalMemory();
    this.limits = new parts.Limits();
    this.driver = new parts.Driver(contract, this.memory, version);
  }

  /** `fput`: the last reference queues the driver's `release`, which runs when the system call returns. */
  putFile(file: OpenFile): void {
    file.references -= 1;
    if (file.references === 0 && !file.isPath) this.#released.push(file);
  }

  /** `task_work_run`: the work queued last runs first. */
  returnToUser(): void {
    for (let file = this.#released.pop(); file !== undefined; file = this.#released.pop()) this.driver.release(file);
  }
}
