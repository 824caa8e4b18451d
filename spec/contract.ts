import * as z from 'zod';

export const CONTRACT_VERSION = 1;

/** Bytes of a page of a buffer. */
const CONTRACT_PAGE_BYTES = 4096;

/** Every callback that a driver may log. */
export const CALLBACKS = ['open', 'mmap', 'vm_open', 'vm_fault', 'vm_close', 'read', 'write', 'release'] as const;

/** A declarative description of one device: all that the model, the simulator and the helper know about it. */
export const Contract = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(CONTRACT_VERSION),
    /** The name in reports; for the shipped modules also the name of the module. */
    name: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/),
    node: z.strictObject({
      /** A proc file is never executable and its lseek depends on the kernel; a character device is neither. */
      kind: z.enum(['proc', 'character']),
      path: z.string().startsWith('/'),
      /** Permissions of the node, which belongs to root, in octal; absent: 0666. */
      mode: z
        .string()
        .regex(/^0[0-7]{3}$/, 'a mode is four octal digits, as in 0644')
        .optional(),
    }),
    buffer: z.strictObject({
      /** Who owns a buffer: each open file description, or the device. */
      owner: z.enum(['description', 'device']),
      /** Pages that can be mapped. */
      pages: z.int().min(1).max(1024),
      /** The first bytes of a new buffer (Latin-1); the rest is zero. */
      initial: z.string().max(256),
    }),
    /** Which page a fault at page offset n yields: the first page always, or page n (SIGBUS beyond the buffer). */
    fault: z.enum(['first', 'offset']),
    mmap: z.strictObject({
      /** `buffer`: offset and length must lie within the buffer, else EINVAL. */
      range: z.enum(['any', 'buffer']),
      /** VMA flags that the driver sets. */
      flags: z.array(z.enum(['dontexpand', 'dontdump'])),
      /** Whether the driver's `mmap` calls its own `vm_open`. */
      callsVmOpen: z.boolean(),
    }),
    /** Which of these the driver's vm_operations have. */
    vmOperations: z.strictObject({ open: z.boolean(), close: z.boolean() }),
    read: z.strictObject({
      /** Bytes that `read` can reach from position 0. */
      size: z.int().min(0),
    }),
    write: z.strictObject({
      /** Bytes that `write` can reach from position 0. */
      size: z.int().min(0),
      /** `ignored`: always to the start of the buffer, the position does not move. */
      position: z.enum(['honoured', 'ignored']),
      /** What it returns: the length asked for, or the bytes copied. */
      returns: z.enum(['length', 'copied']),
      /** At the end of the buffer, whatever the length: an error. Only with an honoured position. */
      atEnd: z.enum(['ENOSPC', 'zero']),
    }),
    /** Whether `pread` and `pwrite` are possible (else ESPIPE). */
    positioned: z.boolean(),
    /** `none`: ESPIPE. `proc`: what proc files without an lseek of their own do on that kernel. */
    lseek: z.enum(['none', 'proc']),
    /** How the driver logs its callbacks: lines `PREFIX: CALLBACK key=value…` in the kernel log. */
    log: z.strictObject({ prefix: z.string().min(1), callbacks: z.array(z.enum(CALLBACKS)) }),
  })
  .superRefine(({ buffer, read, write }, context) => {
    const bytes = buffer.pages * CONTRACT_PAGE_BYTES;
    const sizes = [
      [['read', 'size'], read.size],
      [['write', 'size'], write.size],
    ] as const;
    for (const [path, size] of sizes) {
      if (size <= bytes) continue;
      const message = `must lie within the buffer, which has ${String(bytes)} bytes, got ${String(size)}`;
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  })
  .meta({ id: 'Contract' });
export type Contract = z.infer<typeof Contract>;
