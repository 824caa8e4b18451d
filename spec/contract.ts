import * as z from 'zod';
import { DEFAULT_PLACEMENT, type Placement, PLACEMENT_NAMES, PLACEMENTS } from './placements.ts';

/** Versions of contracts that this release reads; the last one is the one to write. */
export const CONTRACT_VERSIONS = [1, 2] as const;

/** Bytes of a page of a buffer. */
const CONTRACT_PAGE_BYTES = 4096;

/** The node's permissions when the contract does not name any. */
export const DEFAULT_MODE = '0666';

/** Every callback that a driver may log. */
export const CALLBACKS = ['open', 'mmap', 'vm_open', 'vm_fault', 'vm_close', 'read', 'write', 'release'] as const;
export type Callback = (typeof CALLBACKS)[number];

/** Errors by which drivers refuse a mapping. */
export const MMAP_ERRORS = ['EINVAL', 'ENXIO', 'EPERM', 'EACCES', 'ENODEV', 'EOPNOTSUPP'] as const;

const PLACEMENT_MEANINGS = PLACEMENT_NAMES.map((name) => `\`${name}\`: ${PLACEMENTS[name].meaning}`).join(' ');

const NodeOfDevice = z.strictObject({
  kind: z
    .enum(['proc', 'character'])
    .describe(
      'What the node is. `proc`: a regular file of /proc, which can never be mapped executable (`mmap` with PROT_EXEC fails with EPERM), whose page offsets end at 2^63 bytes, and which answers `fallocate`, `ftruncate` and the like as files of /proc do. `character`: a character device.',
    ),
  path: z
    .string()
    .startsWith('/')
    .describe('The path that programs open. With `run --module` it has to be the same as `--device`.'),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/, 'a mode is four octal digits, as in 0644')
    .optional()
    .describe(
      'The permissions of the node, which belongs to root, in octal. A program that opens the node as another user than root sees EACCES where the last digit does not allow it. Absent: 0666.',
    ),
});

const BufferOfDevice = z.strictObject({
  owner: z
    .enum(['description', 'device'])
    .describe(
      'Who owns a buffer. `description`: each `open` makes a new one, which `dup`, `fork` and all mappings of that open share, and which ends with the last of them. `device`: there is one, which every open shows, and which keeps its bytes until the module is unloaded.',
    ),
  pages: z.int().min(1).max(1024).describe('Pages of 4096 bytes that can be mapped.'),
  initial: z
    .string()
    .max(256)
    .describe('The first bytes of a new buffer, one for each character (Latin-1, at most 256); all others are zero.'),
});

const Mmap = z.strictObject({
  range: z
    .enum(['any', 'buffer', 'whole'])
    .describe(
      'Which offsets and lengths `mmap` takes. `any`: all; what lies behind the buffer ends with SIGBUS when it is accessed. `buffer`: those that lie within the buffer. `whole`: only all pages of the buffer, from offset 0 (version 2). What is not taken fails with `refusal`.',
    ),
  pages: z
    .enum(PLACEMENT_NAMES)
    .optional()
    .describe(`How pages get into a mapping (version 2). ${PLACEMENT_MEANINGS} Absent: \`${DEFAULT_PLACEMENT}\`.`),
  private: z
    .enum(['mapped', 'refused'])
    .optional()
    .describe(
      'What becomes of MAP_PRIVATE (version 2). `mapped`: the mapping shows the device until it is written, then a copy. `refused`: `mmap` fails with `refusal`, as it does in a driver that returns an error if `(vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE`. Absent: `mapped`. A device whose pages are placed by `remap` has to refuse.',
    ),
  refusal: z
    .enum(MMAP_ERRORS)
    .optional()
    .describe(
      'The error of a mapping that the driver refuses, because of `range` or `private` (version 2). Absent: EINVAL.',
    ),
  flags: z
    .array(z.enum(['dontexpand', 'dontdump']))
    .describe(
      'The flags that the driver itself adds to a mapping. `dontexpand` (VM_DONTEXPAND, `de` in VmFlags): it never merges with another, is never locked, and `mremap` cannot make it longer (EFAULT). `dontdump` (VM_DONTDUMP, `dd`): it is left out of core dumps. What vm_insert_page and remap_pfn_range add by themselves is not named here.',
    ),
  callsVmOpen: z
    .boolean()
    .describe('Whether the driver’s `mmap` calls its own `vm_open`; seen in the log, after `mmap`.'),
});

const Write = z.strictObject({
  size: z.int().min(0).describe('Bytes that `write` can reach, counted from the start of the buffer.'),
  position: z
    .enum(['honoured', 'ignored'])
    .describe(
      '`honoured`: bytes go where the position is, which moves on. `ignored`: they go to the start of the buffer, and the position stays.',
    ),
  returns: z
    .enum(['length', 'copied'])
    .describe('What `write` returns: the length that it was asked for, or the bytes that it has copied.'),
  atEnd: z
    .enum(['ENOSPC', 'zero'])
    .describe('What `write` returns at the end, whatever its length: an error, or 0. Only with an honoured position.'),
});

const Log = z.strictObject({
  prefix: z.string().min(1).describe('What stands before `: ` in each line, usually the name of the module.'),
  callbacks: z
    .array(z.enum(CALLBACKS))
    .describe(
      'The callbacks that have a line each, with these words behind their names: `read` and `write`: `len=LENGTH pos=POSITION`; `vm_fault`: `pgoff=PAGE write=0|1`. Further words of the form `key=0x…` are dropped.',
    ),
});

const Shape = z.strictObject({
  $schema: z
    .string()
    .optional()
    .describe('The JSON Schema, for editors: where this package lies, `spec/schemas/contract.json`.'),
  version: z
    .literal(CONTRACT_VERSIONS)
    .describe('The version of this format. 1 knows no field that is marked with “version 2”.'),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, 'a name has up to 63 of the characters a-z, 0-9 and _, and begins with a letter')
    .describe(
      'The name in reports, and of the kernel module that drives the device: `reload` unloads it and loads it again.',
    ),
  node: NodeOfDevice.describe('Where the device is opened.'),
  buffer: BufferOfDevice.describe('The memory that is mapped.'),
  fault: z
    .enum(['first', 'offset'])
    .describe(
      'Which page of the buffer is shown at page offset n. `first`: the first one, whatever the offset. `offset`: page n; behind the buffer there is none, and an access ends with SIGBUS.',
    ),
  mmap: Mmap.describe('What the driver’s `mmap` does.'),
  vmOperations: z
    .strictObject({
      open: z
        .boolean()
        .describe(
          'Whether there is `vm_operations.open`: it runs when `fork`, a split or `mremap` makes another area.',
        ),
      close: z
        .boolean()
        .describe(
          'Whether there is `vm_operations.close`: it runs once for each area that ends, and hinders areas from merging.',
        ),
    })
    .describe('Which of these the driver’s vm_operations have.'),
  read: z
    .strictObject({
      size: z.int().min(0).describe('Bytes that `read` can reach from position 0; at and behind it `read` returns 0.'),
    })
    .optional()
    .describe('What `read` does. Absent: the driver has none, and `read` fails with EINVAL (version 2).'),
  write: Write.optional().describe(
    'What `write` does. Absent: the driver has none, and `write` fails with EINVAL (version 2).',
  ),
  positioned: z.boolean().describe('Whether `pread` and `pwrite` are possible; else they fail with ESPIPE.'),
  lseek: z
    .enum(['none', 'proc'])
    .describe(
      'What `lseek` does. `none`: it fails with ESPIPE. `proc`: what files of /proc without an lseek of their own do on that kernel (ESPIPE since Linux 6.0).',
    ),
  log: Log.optional().describe(
    'How the driver logs its callbacks: one line `PREFIX: CALLBACK words…` for each, in the kernel log. Absent: it does not, and callbacks are not looked at (version 2).',
  ),
});

/** A declarative description of one device: all that the model, the simulator and the helper know about it. */
export const Contract = Shape.superRefine((contract, context) => {
  const report = (path: string[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  const { buffer, mmap, read, write } = contract;
  const bytes = buffer.pages * CONTRACT_PAGE_BYTES;
  const sizes = [
    ['read', read?.size ?? 0],
    ['write', write?.size ?? 0],
  ] as const;
  for (const [name, size] of sizes) {
    if (size <= bytes) continue;
    report([name, 'size'], `must lie within the buffer, which has ${String(bytes)} bytes, got ${String(size)}`);
  }
  if (contract.version === 1) {
    for (const [path, what] of newerParts(contract)) report(path, `${what}, which needs "version": 2`);
  }
  if ((contract.node.kind === 'proc') !== contract.node.path.startsWith('/proc/')) {
    const place = contract.node.kind === 'proc' ? 'within /proc' : 'outside /proc';
    report(['node', 'path'], `a node of kind "${contract.node.kind}" lies ${place}, got "${contract.node.path}"`);
  }
  const { pages: placement = DEFAULT_PLACEMENT } = mmap;
  const { when, mapsPrivately } = PLACEMENTS[placement];
  if (when === 'mmap' && mmap.range === 'any') {
    report(['mmap', 'range'], `expected "buffer" or "whole" where pages are placed by "${placement}", got "any"`);
  }
  if (!mapsPrivately && mmap.private !== 'refused') {
    const got = mmap.private === undefined ? 'nothing' : `"${mmap.private}"`;
    report(
      ['mmap', 'private'],
      `expected "refused" where pages are placed by "${placement}" (a private mapping shows a physical page number as its offset, which cannot be compared), got ${got}`,
    );
  }
}).meta({ id: 'Contract' });
export type Contract = z.infer<typeof Contract>;

/** What a contract says that version 1 could not say. */
function newerParts({ mmap, read, write, log }: z.output<typeof Shape>): (readonly [path: string[], what: string])[] {
  const parts: (readonly [path: string[], what: string])[] = [];
  for (const key of ['pages', 'private', 'refusal'] as const) {
    if (mmap[key] !== undefined) parts.push([['mmap', key], 'this field is new']);
  }
  if (mmap.range === 'whole') parts.push([['mmap', 'range'], 'the value "whole" is new']);
  for (const [key, value] of Object.entries({ read, write, log })) {
    if (value === undefined) parts.push([[key], 'a device without it is described']);
  }
  return parts;
}

/** How the pages of mappings get there. */
export function placementOf({ mmap }: Contract): Placement {
  return PLACEMENTS[mmap.pages ?? DEFAULT_PLACEMENT];
}

/** The callbacks that the driver logs. */
export function loggedCallbacks({ log }: Contract): readonly Callback[] {
  return log?.callbacks ?? [];
}

type ReadRules = NonNullable<Contract['read']>;
type WriteRules = NonNullable<Contract['write']>;

const NOTHING_TO_READ: ReadRules = { size: 0 };
const NOTHING_TO_WRITE: WriteRules = { size: 0, position: 'honoured', returns: 'copied', atEnd: 'zero' };

/** What the driver's `read` does; of a driver without one that it reaches nothing, because nothing gets there. */
export function readRules({ read }: Contract): ReadRules {
  return read ?? NOTHING_TO_READ;
}

/** The same of `write`. */
export function writeRules({ write }: Contract): WriteRules {
  return write ?? NOTHING_TO_WRITE;
}
