import type { Setting, SettingName } from '../../../spec/program.ts';
import { DescriptorTable, type OpenFile } from '../file.ts';
import { Limits } from '../limits.ts';
import { mutants } from './mutant.ts';

/** Limits that take a program's wishes for others. */
function misread(change: (setting: Setting) => Setting): typeof Limits {
  return class extends Limits {
    constructor(setting: Setting = {}) {
      super(change(setting));
    }
  };
}

function unlimited(name: SettingName): typeof Limits {
  return misread((setting) => Object.fromEntries(Object.entries(setting).filter(([key]) => key !== name)));
}

class UnlockedLimits extends Limits {
  override exceedsLocked(): boolean {
    return false;
  }
}

class AppendingTable extends DescriptorTable {
  /** The first number beyond all that were ever taken. */
  #next = 0;

  override lowestFree(limit: number): number | null {
    return this.#next < limit ? this.#next : null;
  }

  override install(descriptor: number, file: OpenFile): void {
    this.#next = Math.max(this.#next, descriptor + 1);
    super.install(descriptor, file);
  }
}

class PathsOpenTable extends DescriptorTable {
  override get(descriptor: number): OpenFile | null {
    return this.getRaw(descriptor);
  }
}

/** What kernels get wrong about numbers that may be had, and how many. */
export const LIMIT_MUTANTS = mutants({
  'descriptor-numbers-not-reused': { DescriptorTable: AppendingTable },
  'path-descriptor-can-be-read': { DescriptorTable: PathsOpenTable },
  'descriptor-limit-ignored': { Limits: unlimited('descriptors') },
  'address-space-limit-ignored': { Limits: unlimited('addressSpace') },
  'lock-limit-ignored': { Limits: UnlockedLimits },
  'area-limit-off-by-one': {
    Limits: misread(({ areas, ...others }) => (areas === undefined ? others : { ...others, areas: areas + 1 })),
  },
});
