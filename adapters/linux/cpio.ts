/** One member of an initramfs. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const TYPE_BITS = { directory: 0o040000, file: 0o100000, 'character-device': 0o020000 } as const;

/** Everything in this format starts on a multiple of four bytes. */
const ALIGNMENT = 4;

/**
 * Packs entries into the `newc` format, the one that the kernel unpacks at boot. Owners are root and times are 0, so
 * equal entries give equal bytes. Parents must come before what is in them. Paths have no leading slash.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    parts.push(...packMember(entry, index + 1));
  });
  parts.push(header({ inode: 0, mode: 0, links: 1, size: 0, major: 0, minor: 0, path: 'TRAILER!!!' }));
  return Buffer.concat(parts);
}

function packMember(entry: CpioEntry, inode: number): Buffer[] {
  const content = entry.kind === 'file' ? entry.content : new Uint8Array();
  const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 };
  return [
    header({
      inode,
      mode: TYPE_BITS[entry.kind] | entry.mode,
      links: entry.kind === 'directory' ? 2 : 1,
      size: content.length,
      major: device.major,
      minor: device.minor,
      path: entry.path,
    }),
    Buffer.from(content.buffer, content.byteOffset, content.byteLength),
    padding(content.length),
  ];
}

interface HeaderFields {
  inode: number;
  mode: number;
  links: number;
  size: number;
  major: number;
  minor: number;
  path: string;
}

function header(fields: HeaderFields): Buffer {
  const name = Buffer.from(`${fields.path}\0`);
  // Inode, mode, uid, gid, links, mtime, size, device (2), device of a node (2), length of the name, checksum.
  const numbers = [
    fields.inode,
    fields.mode,
    0,
    0,
    fields.links,
    0,
    fields.size,
    0,
    0,
    fields.major,
    fields.minor,
    name.length,
    0,
  ];
  const text = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([Buffer.from(text), name, padding(text.length + name.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
