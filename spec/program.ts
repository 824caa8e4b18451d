import * as z from 'zod';
import { Int64 } from './integer.ts';

/** The version of the program format; a program file of another version is refused. */
export const PROGRAM_VERSION = 1;

/** The process that every program starts with, and that observes. It cannot exit. */
export const FIRST_ACTOR = 'p0';

const Variable = (letter: string, what: string) =>
  z.string().regex(new RegExp(`^${letter}[0-9]{1,3}$`), `${what} is named ${letter}0 … ${letter}999`);

export const ActorName = Variable('p', 'a process').meta({ id: 'ActorName' });
export const DescriptorName = Variable('d', 'a descriptor').meta({ id: 'DescriptorName' });
export const MappingName = Variable('m', 'a mapping').meta({ id: 'MappingName' });

/**
 * A place in memory, in bytes: from the address that an earlier `mmap` returned, or from the start of the arena.
 * A mapping variable keeps its address after `munmap`, as a pointer in C does.
 */
export const Address = z
  .union([z.strictObject({ map: MappingName, offset: z.int() }), z.strictObject({ arena: z.int() })])
  .meta({ id: 'Address' });
export type Address = z.infer<typeof Address>;

/** Bytes to write: `text` (Latin-1) repeated up to `length` bytes. */
export const Data = z
  .strictObject({ text: z.string().regex(/^[\x20-\x7e]{1,64}$/), length: z.int().min(0).max(65_536) })
  .meta({ id: 'Data' });
export type Data = z.infer<typeof Data>;

/** Protection as in `/proc/PID/maps`: `rwx`, with `-` for what is missing. */
export const Protection = z
  .string()
  .regex(/^[r-][w-][x-]$/, 'a protection is three characters as in /proc/PID/maps: r or -, w or -, x or -')
  .meta({ id: 'Protection' });

export const OPEN_FLAGS = ['append', 'cloexec', 'nonblock', 'sync', 'trunc'] as const;
export const MAP_TYPES = ['none', 'private', 'shared', 'validate', 'both-bits-and-more'] as const;
/** Where `mmap` is asked to map: see mmap(2) for `hint` (no flag), `MAP_FIXED` and `MAP_FIXED_NOREPLACE`. */
export const PLACES = ['hint', 'fixed', 'noreplace'] as const;
export const MAP_FLAGS = ['noreserve', 'unknown'] as const;
export const WHENCES = ['set', 'cur', 'end', 'data', 'hole', 'bad'] as const;

const actor = { actor: ActorName };
const op = <Name extends string, Shape extends z.core.$ZodLooseShape>(name: Name, shape: Shape) =>
  z.strictObject({ op: z.literal(name), ...actor, ...shape });

const fd = { fd: DescriptorName };
const range = { at: Address, length: Int64 };

export const Open = op('open', {
  to: DescriptorName,
  access: z.enum(['ro', 'wo', 'rw']),
  flags: z.array(z.enum(OPEN_FLAGS)).optional(),
});
export const Close = op('close', fd);
export const Dup = op('dup', { ...fd, to: DescriptorName });
export const Read = op('read', { ...fd, length: z.int().min(0).max(65_536) });
export const Pread = op('pread', { ...fd, length: z.int().min(0).max(65_536), offset: Int64 });
export const Write = op('write', { ...fd, data: Data });
export const Pwrite = op('pwrite', { ...fd, data: Data, offset: Int64 });
export const Lseek = op('lseek', { ...fd, offset: Int64, whence: z.enum(WHENCES) });
export const Mmap = op('mmap', {
  ...fd,
  to: MappingName,
  length: Int64,
  /** Bytes. */
  offset: Int64,
  prot: Protection,
  type: z.enum(MAP_TYPES),
  flags: z.array(z.enum(MAP_FLAGS)).optional(),
  /** Absent: the kernel chooses. */
  place: z.strictObject({ how: z.enum(PLACES), at: Address }).optional(),
});
export const Munmap = op('munmap', range);
export const Mprotect = op('mprotect', { ...range, prot: Protection });
export const Load = op('load', { at: Address, length: z.int().min(1).max(16_384) });
export const Store = op('store', { at: Address, data: Data });
export const Fork = op('fork', { to: ActorName });
export const Exit = op('exit', {});
export const Checkpoint = op('checkpoint', {});

/**
 * One operation. Each has an actor, the process that performs it. An operation whose actor does not exist, or
 * whose mapping variable was never bound, is not performed (outcome `unbound`); an unbound descriptor is -1.
 */
export const Operation = z
  .discriminatedUnion('op', [
    Open,
    Close,
    Dup,
    Read,
    Pread,
    Write,
    Pwrite,
    Lseek,
    Mmap,
    Munmap,
    Mprotect,
    Load,
    Store,
    Fork,
    Exit,
    Checkpoint,
  ])
  .meta({ id: 'Operation' });
export type Operation = z.infer<typeof Operation>;
export type OperationName = Operation['op'];

export const OPERATION_NAMES: readonly OperationName[] = Operation.options.map((option) => option.shape.op.value);

/** A program: the unit that is generated, sent, shrunk, stored and replayed. Plain data, self-contained. */
export const Program = z
  .strictObject({
    version: z.literal(PROGRAM_VERSION),
    ops: z.array(Operation).max(10_000),
  })
  .superRefine((program, context) => {
    const actors = new Set([FIRST_ACTOR]);
    program.ops.forEach((operation, index) => {
      if (operation.op === 'fork') {
        if (actors.has(operation.to)) {
          context.addIssue({ code: 'custom', path: ['ops', index, 'to'], message: `${operation.to} is created twice` });
        }
        actors.add(operation.to);
      }
      if (operation.op === 'exit' && operation.actor === FIRST_ACTOR) {
        const message = `${FIRST_ACTOR} observes until the end and cannot exit`;
        context.addIssue({ code: 'custom', path: ['ops', index, 'actor'], message });
      }
    });
  })
  .meta({ id: 'Program' });
export type Program = z.infer<typeof Program>;

/** A program with its story, as stored in the corpus or written for a counterexample. */
export const ProgramFile = z
  .strictObject({
    $schema: z.string().optional(),
    /** The contract's name, or its path. */
    contract: z.string().min(1),
    reason: z.string().min(1),
    /** The property that the program breaks; absent: `lockstep`. */
    property: z.string().optional(),
    program: Program,
  })
  .meta({ id: 'ProgramFile' });
export type ProgramFile = z.infer<typeof ProgramFile>;
