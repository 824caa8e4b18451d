import * as z from 'zod';

/** The process that every program starts with, and that observes. It cannot exit. */
export const FIRST_ACTOR = 'p0';

const Variable = (letter: string, what: string) =>
  z.string().regex(new RegExp(`^${letter}[0-9]{1,3}$`), `${what} is named ${letter}0 … ${letter}999`);

export const ActorName = Variable('p', 'a process').meta({ id: 'ActorName' });
export const DescriptorName = Variable('d', 'a descriptor').meta({ id: 'DescriptorName' });
export const MappingName = Variable('m', 'a mapping').meta({ id: 'MappingName' });

export const Address = z
  .union([z.strictObject({ map: MappingName, offset: z.int() }), z.strictObject({ arena: z.int() })])
  .meta({
    id: 'Address',
    description:
      'A place in memory, in bytes: from the address that an earlier `mmap` or `mremap` returned, or from the start of the arena. A mapping variable keeps its address after `munmap`, as a pointer in C does.',
  });
export type Address = z.infer<typeof Address>;

/**
 * Pointers that never lead to memory of a program: address 0, the kernel's half of the address space
 * (0xffff800000000000), and what is no address at all (0x8000000000000000; with five levels of page tables, too).
 */
export const WILD_POINTERS = ['null', 'kernel', 'noncanonical'] as const;

export const Pointer = z.union([...Address.options, z.strictObject({ wild: z.enum(WILD_POINTERS) })]).meta({
  id: 'Pointer',
  description:
    'Where a system call is told to find or put bytes: an address, or a wild pointer: address 0 (`null`), one of the kernel (0xffff800000000000), or what is no address at all (`noncanonical`, 0x8000000000000000).',
});
export type Pointer = z.infer<typeof Pointer>;

/** The longest transfer of one operation, in bytes. */
export const TRANSFER_MAX = 65_536;

/** How many bytes a transfer moves. */
export const Count = z.int().min(0).max(TRANSFER_MAX);

export const Data = z
  .strictObject({ text: z.string().regex(/^[\x20-\x7e]{1,64}$/), length: Count })
  .meta({ id: 'Data', description: 'Bytes to write: `text` (Latin-1) repeated up to `length` bytes.' });
export type Data = z.infer<typeof Data>;

export const Protection = z
  .string()
  .regex(/^[r-][w-][x-]$/, 'a protection is three characters as in /proc/PID/maps: r or -, w or -, x or -')
  .meta({ id: 'Protection', description: 'Protection as in `/proc/PID/maps`: `rwx`, with `-` for what is missing.' });
