import type { Setting } from '../../spec/program.ts';
import { DESCRIPTOR_LIMIT } from './machine.ts';

/** The limits that all processes of a program share, each counted from what a process has when the program starts. */
export class Limits {
  /** RLIMIT_AS, in pages. */
  addressSpace = Infinity;
  /** RLIMIT_NOFILE: descriptor numbers from here on cannot be had. */
  descriptors = DESCRIPTOR_LIMIT;
  /** RLIMIT_MEMLOCK, in pages; null with CAP_IPC_LOCK, which lifts it. */
  locked: number | null = null;
  /** `vm.max_map_count`, as areas in arena and zone. */
  areas = Infinity;

  constructor(setting: Setting = {}) {
    this.addressSpace = setting.addressSpace ?? this.addressSpace;
    this.descriptors = setting.descriptors ?? this.descriptors;
    this.locked = setting.locked ?? this.locked;
    this.areas = setting.areas ?? this.areas;
  }

  /** `can_do_mlock`. */
  get mayLock(): boolean {
    return this.locked !== 0;
  }

  /** Whether so many locked pages in all are too many. */
  exceedsLocked(pages: number): boolean {
    return this.locked !== null && pages > this.locked;
  }
}
