import { AddressSpace } from './address-space.ts';
import { Driver } from './driver.ts';
import type { Errno, Result } from './errno.ts';
import type { OpenFile, Position } from './file.ts';
import type { Frame } from './frames.ts';
import type { UserMemory } from './user-memory.ts';

/** The parts that a simulated kernel is made of; a fault replaces one by a variant that gets one thing wrong. */
export interface Parts {
  readonly Driver: typeof Driver;
  readonly AddressSpace: typeof AddressSpace;
}

export const CORRECT_PARTS: Parts = { Driver, AddressSpace };

class FreshPageDriver extends Driver {
  protected override handOver(): Frame {
    return this.memory.allocateZeroed();
  }
}

class NoGetPageDriver extends Driver {
  protected override handOver(frame: Frame): Frame {
    return frame;
  }
}

class ReadFromStartDriver extends Driver {
  protected override readStart(): number {
    return 0;
  }
}

class WriteAtPositionDriver extends Driver {
  protected override writeHonoursPosition(): boolean {
    return true;
  }
}

class OnePageDriver extends Driver {
  #shared: readonly Frame[] = [];
  #opens = 0;

  protected override newBuffer(): readonly Frame[] {
    if (this.contract.buffer.owner === 'device') return super.newBuffer();
    if (this.#opens === 0) this.#shared = super.newBuffer();
    this.#opens += 1;
    return this.#shared;
  }

  protected override freeBuffer(frames: readonly Frame[]): void {
    this.#opens -= 1;
    if (this.#opens === 0) super.freeBuffer(frames);
  }
}

class LongRangeDriver extends Driver {
  protected override isInRange(pgoff: number, pages: number): boolean {
    return pgoff + pages <= this.contract.buffer.pages + 1;
  }
}

class NoVmCloseDriver extends Driver {
  protected override vmClose(): void {
    // The wrong driver forgot to set the callback, so nothing runs and nothing is logged.
  }
}

class LeakyReleaseDriver extends Driver {
  protected override freeBuffer(): void {
    // The wrong driver forgets its frames without freeing them.
  }
}

class ForgetfulOpenDriver extends Driver {
  override open(file: OpenFile): Errno | null {
    const errno = super.open(file);
    // The wrong driver has its page by the time that it fails, and forgets it.
    if (errno !== null) this.own(this.newBuffer());
    return errno;
  }
}

class HastyReadDriver extends Driver {
  override read(file: OpenFile, length: number, position: Position, to: UserMemory): Result {
    const before = position.bytes;
    const result = super.read(file, length, position, to);
    if (result === 'EFAULT') position.set(before + length);
    return result;
  }
}

/** Deliberately wrong simulators, one fault each, that the suite must catch. */
const FAULTS = {
  'fault-hands-out-fresh-page': { Driver: FreshPageDriver },
  'read-ignores-position': { Driver: ReadFromStartDriver },
  'write-honours-position': { Driver: WriteAtPositionDriver },
  'open-shares-one-page': { Driver: OnePageDriver },
  'range-off-by-one': { Driver: LongRangeDriver },
  'missing-get-page': { Driver: NoGetPageDriver },
  'vm-close-not-called': { Driver: NoVmCloseDriver },
  'release-frees-nothing': { Driver: LeakyReleaseDriver },
  'failed-open-keeps-page': { Driver: ForgetfulOpenDriver },
  'failed-read-moves-position': { Driver: HastyReadDriver },
} as const satisfies Record<string, Partial<Parts>>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

export function partsWith(fault: FaultName): Parts {
  return { ...CORRECT_PARTS, ...FAULTS[fault] };
}
