import {
  type Callback,
  type Contract,
  DEFAULT_MODE,
  loggedCallbacks,
  readRules,
  writeRules,
} from '../../spec/contract.ts';
import type { Remains } from '../../spec/observation.ts';
import type { Errno, Result } from './errno.ts';
import type { OpenFile, Position } from './file.ts';
import type { Frame, PhysicalMemory } from './frames.ts';
import type { KernelVersion } from './kernel-version.ts';
import { Injection } from './injection.ts';
import type { PageTable } from './page-table.ts';
import { forEachPart, type UserMemory } from './user-memory.ts';
import type { Vma, VmOperations } from './vma.ts';
import { VM_ARCH_1, VM_DONTDUMP, VM_DONTEXPAND, VM_IO, VM_MIXEDMAP, VM_PFNMAP } from './vm-flags.ts';

const FLAG_BITS = { dontexpand: VM_DONTEXPAND, dontdump: VM_DONTDUMP } as const;

const REMAP_FLAGS = VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;

/** What the driver does for pages: it has a fault handler, or calls vm_insert_page, or remap_pfn_range. */
interface Placing {
  readonly faults: boolean;
  /** What the kernel's function sets on the VMA. */
  readonly flags: number;
  /** Whether entries hold page frame numbers, of which the kernel keeps no references. */
  readonly byNumber: boolean;
}

const PLACING: Readonly<Record<NonNullable<Contract['mmap']['pages']>, Placing>> = {
  fault: { faults: true, flags: 0, byNumber: false },
  insert: { faults: false, flags: VM_MIXEDMAP, byNumber: false },
  remap: { faults: false, flags: REMAP_FLAGS, byNumber: true },
};

/**
 * A driver built from a contract: its file operations, its VM operations and its log. Each decision that a real driver
 * could get wrong is a small method of its own, so that a deliberately wrong driver overrides exactly one.
 */
export class Driver {
  protected readonly contract: Contract;
  protected readonly memory: PhysicalMemory;
  readonly vmOperations: VmOperations;
  /** Lines since the last observation. */
  log: string[] = [];
  readonly #logged: ReadonlySet<Callback>;
  readonly #initial: Uint8Array;
  readonly #mmapFlags: number;
  readonly #placing: Placing;
  readonly #tracking: number;
  #deviceBuffer: readonly Frame[] = [];
  #descriptions = 0;
  readonly #allocated = new Map<Frame, number>();
  /** The operation under way. */
  step = 0;
  readonly injection = new Injection();

  constructor(contract: Contract, memory: PhysicalMemory, version: KernelVersion) {
    this.contract = contract;
    this.#tracking = version.tracksMemoryTypes ? VM_ARCH_1 : 0;
    this.memory = memory;
    this.#logged = new Set(loggedCallbacks(contract));
    this.#initial = Uint8Array.from(contract.buffer.initial, (character) => character.charCodeAt(0));
    this.#mmapFlags = contract.mmap.flags.reduce((bits, flag) => bits | FLAG_BITS[flag], 0);
    this.#placing = PLACING[contract.mmap.pages ?? 'fault'];
    this.vmOperations = {
      open: contract.vmOperations.open ? () => this.vmOpen() : null,
      close: contract.vmOperations.close ? () => this.vmClose() : null,
      fault: this.#placing.faults ? (vma, pgoff, write) => this.fault(vma, pgoff, write) : null,
    };
  }

  /** `module_init`: a buffer of the device lives as long as the module. */
  load(): Errno | null {
    if (this.contract.buffer.owner !== 'device') return null;
    if (this.#allocationFails()) return 'ENOMEM';
    this.#deviceBuffer = this.newBuffer();
    return null;
  }

  /** `module_exit`. */
  unload(): void {
    for (const frame of this.#deviceBuffer) this.memory.put(frame);
    this.#deviceBuffer = [];
  }

  open(file: OpenFile): Errno | null {
    this.print('open');
    if (this.contract.buffer.owner === 'device') {
      file.buffer = this.#deviceBuffer;
    } else {
      if (this.#allocationFails()) return 'ENOMEM';
      file.buffer = this.own(this.newBuffer());
    }
    this.#descriptions += 1;
    return null;
  }

  release(file: OpenFile): void {
    this.#descriptions -= 1;
    this.print('release');
    if (this.contract.buffer.owner === 'description') this.freeBuffer(file.buffer);
    file.buffer = [];
  }

  /** Copies from the buffer, all or nothing; 0 is the end of the file. */
  read(file: OpenFile, length: number, position: Position, to: UserMemory): Result {
    this.#printTransfer('read', length, position);
    const from = this.readStart(position);
    const { size } = readRules(this.contract);
    if (from >= size) return 0;
    const count = Math.min(length, size - from);
    const fails = this.injection.fails('copy');
    if (fails ? count > 0 : to.copyTo(file.buffer, from, count) > 0) return 'EFAULT';
    position.set(from + count);
    return count;
  }

  write(file: OpenFile, length: number, position: Position, from: UserMemory): Result {
    this.#printTransfer('write', length, position);
    const { size, returns, atEnd } = writeRules(this.contract);
    const honoured = this.writeHonoursPosition();
    const start = honoured ? position.bytes : 0;
    if (honoured && start >= size) return atEnd === 'ENOSPC' ? 'ENOSPC' : 0;
    const count = Math.min(length, size - start);
    if (this.injection.fails('copy')) {
      forEachPart(file.buffer, start, count, (part) => part.fill(0));
      if (count > 0) return 'EFAULT';
    } else if (from.copyFrom(file.buffer, start, count) > 0) {
      return 'EFAULT';
    }
    if (honoured) position.set(start + count);
    return returns === 'length' ? length : count;
  }

  mmap(vma: Vma, pageTable: PageTable): Errno | null {
    this.print('mmap');
    const { range, private: ofPrivate, refusal = 'EINVAL' } = this.contract.mmap;
    if (range === 'buffer' && !this.isInRange(vma.pgoff, vma.pages)) return refusal;
    if (range === 'whole' && !this.isWhole(vma.pgoff, vma.pages)) return refusal;
    if (ofPrivate === 'refused' && vma.isCopyOnWrite) return refusal;
    vma.operations = this.vmOperations;
    vma.flags |= this.#mmapFlags;
    this.#fill(vma, pageTable);
    if (this.contract.mmap.callsVmOpen) this.vmOperations.open?.(vma);
    return null;
  }

  /** `remap_pfn_range`, or `vm_insert_page` for each page, with the protection that the VMA has as yet. */
  #fill(vma: Vma, pageTable: PageTable): void {
    const { faults, flags, byNumber } = this.#placing;
    if (faults) return;
    vma.flags |= byNumber ? flags | this.#tracking : flags;
    for (let page = vma.start; page < vma.end; page += 1) {
      const frame = this.pageAt(vma, vma.pgoffAt(page));
      if (frame === undefined) continue;
      const entry = { frame, writable: vma.isReadWritable, dirty: false, softDirty: false };
      if (byNumber) {
        pageTable.install(page, { ...entry, special: true });
      } else {
        this.memory.get(frame);
        pageTable.install(page, entry);
      }
    }
  }

  /** Whether the driver has the function; without it the kernel refuses the call itself (FMODE_CAN_READ, FMODE_CAN_WRITE). */
  can(direction: 'read' | 'write'): boolean {
    return this.contract[direction] !== undefined;
  }

  /** What descriptions owned and nobody has freed, by the operation that allocated it; tells it once. */
  remains(): Remains[] {
    const counts = new Map<number, number>();
    for (const [frame, step] of this.#allocated) {
      if (frame.references > 0) counts.set(step, (counts.get(step) ?? 0) + 1);
    }
    this.#allocated.clear();
    return [...counts].map(([step, count]) => ({ what: 'page', count, function: 'open', step }));
  }

  /** `pread` and `pwrite` (FMODE_PREAD, FMODE_PWRITE) are the kernel's business, but `open` decides about them. */
  get isPositioned(): boolean {
    return this.contract.positioned;
  }

  /** A proc file lies on a file system without execution; udev's file system allows it. */
  get isOnNoexec(): boolean {
    return this.contract.node.kind === 'proc';
  }

  /** A proc file is a regular file, whose page offsets end earlier than those of a device. */
  get isRegularFile(): boolean {
    return this.contract.node.kind === 'proc';
  }

  /** Whether seeking is left to what proc files do on this kernel; else it is impossible. */
  get hasProcSeek(): boolean {
    return this.contract.lseek === 'proc';
  }

  /** Permissions of the node, which belongs to root. */
  get mode(): number {
    return Number.parseInt(this.contract.node.mode ?? DEFAULT_MODE, 8);
  }

  /** Whether the module is in use: every description but those of O_PATH holds a reference on it. */
  get isInUse(): boolean {
    return this.#descriptions > 0;
  }

  protected vmOpen(): void {
    this.print('vm_open');
  }

  protected vmClose(): void {
    this.print('vm_close');
  }

  protected fault(vma: Vma, pgoff: number, write: boolean): Frame | 'SIGBUS' {
    if (this.#logged.has('vm_fault')) this.log.push(`vm_fault pgoff=${String(pgoff)} write=${write ? '1' : '0'}`);
    const frame = this.pageAt(vma, pgoff);
    return frame === undefined ? 'SIGBUS' : this.handOver(frame);
  }

  protected pageAt(vma: Vma, pgoff: number): Frame | undefined {
    return vma.file.buffer[this.contract.fault === 'first' ? 0 : pgoff];
  }

  /** The page table entry that the kernel installs owns a reference (`get_page`). */
  protected handOver(frame: Frame): Frame {
    this.memory.get(frame);
    return frame;
  }

  protected newBuffer(): readonly Frame[] {
    const frames = Array.from({ length: this.contract.buffer.pages }, () => this.memory.allocateZeroed());
    frames[0]?.bytes.set(this.#initial);
    return frames;
  }

  /** Notes frames as a description's, to be looked for when the program is over. */
  protected own(frames: readonly Frame[]): readonly Frame[] {
    for (const frame of frames) this.#allocated.set(frame, this.step);
    return frames;
  }

  protected freeBuffer(frames: readonly Frame[]): void {
    for (const frame of frames) this.memory.put(frame);
  }

  protected isInRange(pgoff: number, pages: number): boolean {
    return pgoff + pages <= this.contract.buffer.pages;
  }

  protected isWhole(pgoff: number, pages: number): boolean {
    return pgoff === 0 && pages === this.contract.buffer.pages;
  }

  protected readStart(position: Position): number {
    return position.bytes;
  }

  protected writeHonoursPosition(): boolean {
    return writeRules(this.contract).position === 'honoured';
  }

  protected print(callback: Callback): void {
    if (this.#logged.has(callback)) this.log.push(callback);
  }

  /** What a driver allocates for a buffer: something to keep books with, and the pages one by one. */
  #allocationFails(): boolean {
    for (let made = 0; made <= this.contract.buffer.pages; made += 1) {
      if (this.injection.fails('allocation')) return true;
    }
    return false;
  }

  #printTransfer(callback: 'read' | 'write', length: number, position: Position): void {
    if (this.#logged.has(callback)) this.log.push(`${callback} len=${String(length)} pos=${position.toString()}`);
  }
}
