import type { Contract } from '../../../spec/contract.ts';
import type { KernelVersion } from '../kernel-version.ts';
import { Driver } from '../driver.ts';
import type { Errno, Result } from '../errno.ts';
import type { OpenFile, Position } from '../file.ts';
import type { Frame, PhysicalMemory } from '../frames.ts';
import type { UserMemory } from '../user-memory.ts';
import type { Vma } from '../vma.ts';
import { mutants } from './mutant.ts';

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

class DoubleVmCloseDriver extends Driver {
  protected override vmClose(): void {
    super.vmClose();
    super.vmClose();
  }
}

class NoVmOpenDriver extends Driver {
  protected override vmOpen(): void {
    // The wrong driver forgot to set the callback.
  }
}

class BlindFaultDriver extends Driver {
  protected override fault(vma: Vma, pgoff: number): Frame | 'SIGBUS' {
    return super.fault(vma, pgoff, false);
  }
}

class TidyWriteDriver extends Driver {
  override write(file: OpenFile, length: number, position: Position, from: UserMemory): Result {
    const before = file.buffer.map((frame) => frame.bytes.slice());
    const result = super.write(file, length, position, from);
    if (result === 'EFAULT') for (const [index, bytes] of before.entries()) file.buffer[index]?.bytes.set(bytes);
    return result;
  }
}

class UnusedDriver extends Driver {
  override get isInUse(): boolean {
    return false;
  }
}

/** A driver that is right for another contract. */
function misread(change: (contract: Contract) => Contract): typeof Driver {
  return class extends Driver {
    constructor(contract: Contract, memory: PhysicalMemory, version: KernelVersion) {
      super(change(contract), memory, version);
    }
  };
}

const misreadRead = (change: (read: NonNullable<Contract['read']>) => Contract['read']): typeof Driver =>
  misread((contract) => (contract.read === undefined ? contract : { ...contract, read: change(contract.read) }));
const misreadWrite = (change: (write: NonNullable<Contract['write']>) => Contract['write']): typeof Driver =>
  misread((contract) => (contract.write === undefined ? contract : { ...contract, write: change(contract.write) }));

const readsFurther = misreadRead(({ size }) => ({ size: size + 4 }));
const writesFurther = misreadWrite((write) => ({ ...write, size: write.size + 4 }));
const returnsCopied = misreadWrite((write) => ({ ...write, returns: 'copied' }));
const endsWithZero = misreadWrite((write) => ({ ...write, atEnd: 'zero' }));
const setsNoFlags = misread((contract) => ({ ...contract, mmap: { ...contract.mmap, flags: [] } }));
const callsNoVmOpen = misread((contract) => ({ ...contract, mmap: { ...contract.mmap, callsVmOpen: false } }));
const showsFirstPage = misread((contract) => ({ ...contract, fault: 'first' }));
const forgetsInitial = misread((contract) => ({ ...contract, buffer: { ...contract.buffer, initial: '' } }));

/** What drivers get wrong. */
export const DRIVER_MUTANTS = mutants({
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
  'failed-write-changes-nothing': { Driver: TidyWriteDriver },
  'vm-close-twice': { Driver: DoubleVmCloseDriver },
  'vm-open-not-called': { Driver: NoVmOpenDriver },
  'mmap-skips-vm-open': { Driver: callsNoVmOpen },
  'write-fault-reported-as-read': { Driver: BlindFaultDriver },
  'module-unloads-while-in-use': { Driver: UnusedDriver },
  'read-past-end': { Driver: readsFurther },
  'write-past-end': { Driver: writesFurther },
  'write-returns-copied': { Driver: returnsCopied },
  'write-at-end-returns-zero': { Driver: endsWithZero },
  'vma-flags-not-set': { Driver: setsNoFlags },
  'fault-ignores-offset': { Driver: showsFirstPage },
  'buffer-starts-empty': { Driver: forgetsInitial },
});
