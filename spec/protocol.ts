import * as z from 'zod';
import { Contract } from './contract.ts';
import { EncodedBytes, Level, Observation } from './observation.ts';
import { FAILURES } from './operations/define.ts';
import { MAP_FLAGS } from './operations/mappings.ts';
import { OPERATION_NAMES, type OperationName, Program, SETTING_NAMES } from './program.ts';

/** The version of the protocol; an unknown one is refused with a sentence. */
export const PROTOCOL_VERSION = 4;

const OperationNames = z.enum(OPERATION_NAMES as [OperationName, ...OperationName[]]);
const Seq = z.int().min(0);

export const StartCommand = z.strictObject({ cmd: z.literal('start'), version: z.int() });
export const ConfigureCommand = z.strictObject({
  cmd: z.literal('configure'),
  seq: Seq,
  contract: Contract,
  /** The levels to observe from now on, a subset of those the target named. */
  levels: z.array(Level).min(1),
});
export const RunCommand = z.strictObject({
  cmd: z.literal('run'),
  seq: Seq,
  programs: z.array(Program),
  /** Observe the layout after every operation instead of only at checkpoints and the end. */
  layout: z.literal('every').optional(),
  /** Run each program this many times, observe nothing, and answer with the memory that was lost. */
  repeat: z.int().min(1).optional(),
});
export const StopCommand = z.strictObject({ cmd: z.literal('stop') });
export const Command = z
  .discriminatedUnion('cmd', [StartCommand, ConfigureCommand, RunCommand, StopCommand])
  .meta({ id: 'Command' });
export type Command = z.infer<typeof Command>;
export type RunCommand = z.infer<typeof RunCommand>;

/** What a target says of itself; nothing of this is guessed by the harness. */
export const TargetFacts = z
  .strictObject({
    /** Bytes. */
    pageSize: z.int().min(1),
    /**
     * Pages of the arena, the range in which programs map on purpose; nothing else is ever mapped there. It starts at a
     * multiple of 2 MiB.
     */
    arenaPages: z.int().min(1),
    /** Pages between arena and zone that belong to the target and never change. */
    guardPages: z.int().min(1),
    /**
     * Free pages below the guard: where the kernel maps what does not fit into the arena. It spans the page
     * numbers -(guardPages + zonePages) to -guardPages - 1; where the kernel searches upward, it lies above the arena and
     * spans arenaPages + guardPages to arenaPages + guardPages + zonePages - 1.
     */
    zonePages: z.int().min(0),
    /** Whether the kernel searches for free addresses from the bottom up; absent: from the top down. */
    searchesUpward: z.boolean().optional(),
    /**
     * The arena's first page, counted from address 0; absent where it lies so high that no length reaches from 0 to it.
     */
    arenaStart: z.int().min(1).optional(),
    /** Pages of the address space of a process, no more than 2^35 - 1, which it is if absent. */
    taskPages: z.int().min(1).optional(),
    /** Physical memory, in pages (plus swap): the bound of the overcommit heuristic. */
    memoryPages: z.int().min(1),
    /** Whether a mapping with only PROT_EXEC cannot be read (protection keys). */
    executeOnly: z.boolean(),
    /**
     * Whether a page without an accessed bit (after MADV_COLD, or copied by a fork) cannot be read where the protection
     * allows writing only; absent: it can. User Mode Linux maps it for execution, which hosts with protection keys take at
     * its word.
     */
    oldPagesFault: z.boolean().optional(),
    /**
     * Whether MREMAP_DONTUNMAP of a part of a locked area takes the lock from the whole area, because it does not divide it
     * first; absent: it divides. Stable kernels differ within a series (“mm/mremap: fix locked_vm leak by splitting VMA for
     * MREMAP_DONTUNMAP”, 6.1.191 and 6.12.114), and Debian's release does not say which of them it is.
     */
    unlocksWholeArea: z.boolean().optional(),
    /**
     * Whether a forked process can access, and changes, pages that its parent has kept for itself (MADV_DONTFORK), where nothing
     * is mapped; absent: it cannot. User Mode Linux copies the whole address space as the host has it (measured on 6.1).
     */
    forkLeavesPages: z.boolean().optional(),
    /** Whether pagemap reports soft-dirty. */
    softDirty: z.boolean(),
    /** Whether /proc/PID/mem accesses memory of one's own against its protection (`proc_mem.force_override`). */
    memForce: z.boolean(),
    /** Whether the kernel knows the advices that poison memory (CONFIG_MEMORY_FAILURE). */
    memoryFailure: z.boolean(),
    /** Whether it knows those that merge equal pages (CONFIG_KSM). */
    samePageMerging: z.boolean(),
    /** Whether it knows those for huge pages (CONFIG_TRANSPARENT_HUGEPAGE). */
    hugePages: z.boolean(),
    /** The longest mapping that the target can offer, in pages; absent: as the kernel allows. */
    mapPages: z.int().optional(),
    /**
     * Which copies the processor does best with one string instruction, as its flags in /proc/cpuinfo say: long ones (erms),
     * all (fsrm as well); absent: none. The kernel copies to and from user memory accordingly.
     */
    fastStrings: z.enum(['long', 'all']).optional(),
    /**
     * Whether a copy between memory and device runs step by step also where both are views of one page: what it has stored
     * it loads again. Processors promise that of string instructions only for one view.
     */
    stepwiseCopies: z.boolean(),
  })
  .meta({ id: 'TargetFacts' });
export type TargetFacts = z.infer<typeof TargetFacts>;

export const Kernel = z
  .strictObject({
    release: z.string(),
    /** The architecture as `uname -m` says, or `um` for User Mode Linux, of which `uname -m` says what it runs on. */
    machine: z.string(),
  })
  .meta({ id: 'Kernel' });
export type Kernel = z.infer<typeof Kernel>;

export const Started = z
  .strictObject({
    event: z.literal('started'),
    version: z.literal(PROTOCOL_VERSION),
    implementation: z.strictObject({ name: z.string(), version: z.string() }),
    levels: z.array(Level).min(1),
    operations: z.array(OperationNames),
    /** The limits that a program may set. */
    settings: z.array(z.enum(SETTING_NAMES)),
    /** The flags of mmap that a program may give. */
    mapFlags: z.array(z.enum(MAP_FLAGS)),
    /** What operations may ask to fail. */
    failures: z.array(z.enum(FAILURES)),
    /** Whether `run` with `repeat` is answered. */
    repeat: z.boolean(),
    /** Whether answers carry what the kernel counts in the driver; absent: they do not. */
    counters: z.boolean().optional(),
    kernel: Kernel,
    facts: TargetFacts,
  })
  .meta({ id: 'Started' });
export type Started = z.infer<typeof Started>;

export const Configured = z.union([
  z.strictObject({
    event: z.literal('configured'),
    seq: Seq,
    ok: z.literal(true),
    /** Whether the node lies on a file system without execution (PROT_EXEC is then EPERM). */
    noexec: z.boolean(),
    /**
     * Whether the node is a regular file (fstat): its mappings end at 2^63 - 1, those of a device at 2^64 - 1 (EOVERFLOW).
     */
    regular: z.boolean(),
  }),
  z.strictObject({ event: z.literal('configured'), seq: Seq, ok: z.literal(false), message: z.string() }),
]);
export type Configured = z.infer<typeof Configured>;

/**
 * What the kernel counted in drivers that were built for it, since it started: by the path of each source file's data, as the
 * kernel was built with it, the content that gcov reads. What a target is built of, only the target knows, so nobody else looks
 * into them.
 */
export const Counters = z.record(z.string(), EncodedBytes).meta({ id: 'Counters' });
export type Counters = z.infer<typeof Counters>;

/** What any answer may carry; the last of a command does, where something changed since it was told. */
const common = { seq: Seq, index: z.int().min(0), counters: Counters.optional() };

/** One answer line for each program, in order. */
export const Answer = z
  .discriminatedUnion('result', [
    z.strictObject({
      ...common,
      result: z.literal('observed'),
      /** One for each operation. */
      steps: z.array(Observation),
      /**
       * After the last operation: layout and frames first, then all remaining processes but the first exit in
       * order of creation, and the first unmaps arena and zone and closes its descriptors, all ascending; the callbacks are
       * those of this cleaning.
       */
      end: Observation,
    }),
    z.strictObject({ ...common, result: z.literal('skipped'), reason: z.string() }),
    z.strictObject({
      ...common,
      result: z.literal('errored'),
      message: z.string(),
      /** The operation that was under way, if known. */
      step: z.int().optional(),
    }),
    z.strictObject({
      ...common,
      result: z.literal('repeated'),
      /** How often it was repeated: as often as asked for, or more to be sure of a loss. */
      times: z.int(),
      /** Free pages of the system before, minus after. */
      pagesLost: z.int(),
    }),
  ])
  .meta({ id: 'Answer' });
export type Answer = z.infer<typeof Answer>;

export const Refused = z.strictObject({ event: z.literal('refused'), message: z.string() });
export const Stopped = z.strictObject({ event: z.literal('stopped') });
export const Event = z.union([Started, Configured, Answer, Refused, Stopped]).meta({ id: 'Event' });
export type Event = z.infer<typeof Event>;
