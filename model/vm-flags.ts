import type { KernelProfile } from '../spec/kernel.ts';
import { lockonfaultHasName } from './changes.ts';

/** The kernel's `VM_*` bits (include/linux/mm.h) that mappings of devices can carry. */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
/** What remap_pfn_range has made: entries of physical page numbers, which the kernel takes for no pages of its own. */
export const VM_PFNMAP = 0x400;
export const VM_MAYBE_GUARD = 0x800;
export const VM_LOCKED = 0x2000;
export const VM_IO = 0x4000;
export const VM_SEQ_READ = 0x8000;
export const VM_RAND_READ = 0x10000;
export const VM_DONTCOPY = 0x20000;
export const VM_DONTEXPAND = 0x40000;
export const VM_LOCKONFAULT = 0x80000;
export const VM_ACCOUNT = 0x100000;
export const VM_NORESERVE = 0x200000;
export const VM_SYNC = 0x800000;
/** VM_ARCH_1: on x86, that the memory type of all pages is kept track of. */
export const VM_PAT = 0x1000000;
export const VM_DONTDUMP = 0x4000000;
export const VM_SOFTDIRTY = 0x8000000;
/** What vm_insert_page has made: pages of the kernel, put there by the driver. */
export const VM_MIXEDMAP = 0x10000000;
export const VM_HUGEPAGE = 0x20000000;
export const VM_NOHUGEPAGE = 0x40000000;
/** The highest bit of a 32-bit number, negative in JavaScript; flags are only ever combined and compared bit by bit. */
export const VM_MERGEABLE = 1 << 31;

export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;

/** In the order in which `/proc/PID/smaps` prints them: the order of the bits. */
const MNEMONICS: readonly (readonly [number, string])[] = [
  [VM_READ, 'rd'],
  [VM_WRITE, 'wr'],
  [VM_EXEC, 'ex'],
  [VM_SHARED, 'sh'],
  [VM_MAYREAD, 'mr'],
  [VM_MAYWRITE, 'mw'],
  [VM_MAYEXEC, 'me'],
  [VM_MAYSHARE, 'ms'],
  [VM_PFNMAP, 'pf'],
  [VM_MAYBE_GUARD, 'gu'],
  [VM_LOCKED, 'lo'],
  [VM_IO, 'io'],
  [VM_SEQ_READ, 'sr'],
  [VM_RAND_READ, 'rr'],
  [VM_DONTCOPY, 'dc'],
  [VM_DONTEXPAND, 'de'],
  [VM_LOCKONFAULT, 'lf'],
  [VM_ACCOUNT, 'ac'],
  [VM_NORESERVE, 'nr'],
  [VM_SYNC, 'sf'],
  [VM_PAT, 'ar'],
  [VM_DONTDUMP, 'dd'],
  [VM_SOFTDIRTY, 'sd'],
  [VM_MIXEDMAP, 'mm'],
  [VM_HUGEPAGE, 'hg'],
  [VM_NOHUGEPAGE, 'nh'],
  [VM_MERGEABLE, 'mg'],
];

const texts = new Map<number, string>();

/** `VmFlags` of smaps, without the trailing space. A flag without a name is printed as `??`. */
export function mnemonics(flags: number, kernel: KernelProfile): string {
  let text = texts.get(flags);
  if (text === undefined) {
    text = MNEMONICS.filter(([bit]) => (flags & bit) !== 0)
      .map(([, mnemonic]) => mnemonic)
      .join(' ');
    texts.set(flags, text);
  }
  return (flags & VM_LOCKONFAULT) !== 0 && !lockonfaultHasName(kernel) ? text.replace('lf', '??') : text;
}

/** Permissions as `/proc/PID/maps` prints them: `s` for areas that may be shared (VM_MAYSHARE). */
export function permissions(flags: number): string {
  const r = flags & VM_READ ? 'r' : '-';
  const w = flags & VM_WRITE ? 'w' : '-';
  const x = flags & VM_EXEC ? 'x' : '-';
  return `${r}${w}${x}${flags & VM_MAYSHARE ? 's' : 'p'}`;
}

/** The access bits for a protection such as `rw-`. */
export function accessFlags(protection: string): number {
  return (
    (protection.startsWith('r') ? VM_READ : 0) |
    (protection[1] === 'w' ? VM_WRITE : 0) |
    (protection[2] === 'x' ? VM_EXEC : 0)
  );
}
