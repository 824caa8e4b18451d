/** The kernel's `VM_*` bits (include/linux/mm.h) that mappings of devices can carry. */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
export const VM_DONTEXPAND = 0x40000;
export const VM_ACCOUNT = 0x100000;
export const VM_NORESERVE = 0x200000;
export const VM_DONTDUMP = 0x4000000;
export const VM_SOFTDIRTY = 0x8000000;

export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;

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
  [VM_DONTEXPAND, 'de'],
  [VM_ACCOUNT, 'ac'],
  [VM_NORESERVE, 'nr'],
  [VM_DONTDUMP, 'dd'],
  [VM_SOFTDIRTY, 'sd'],
];

/** `VmFlags` of smaps, without the trailing space. */
export function mnemonics(flags: number): string {
  let text = '';
  for (const [bit, mnemonic] of MNEMONICS) if (flags & bit) text += text === '' ? mnemonic : ` ${mnemonic}`;
  return text;
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
