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
  levels: z.array(Level).min(1).describe('The levels to observe from now on, a subset of those the target named.'),
});
export const RunCommand = z.strictObject({
  cmd: z.literal('run'),
  seq: Seq,
  programs: z.array(Program),
  layout: z
    .literal('every')
    .optional()
    .describe('Observe the layout after every operation instead of only at checkpoints and the end.'),
  repeat: z
    .int()
    .min(1)
    .optional()
    .describe('Run each program this many times, observe nothing, and answer with the memory that was lost.'),
});
export const StopCommand = z.strictObject({ cmd: z.literal('stop') });
export const Command = z
  .discriminatedUnion('cmd', [StartCommand, ConfigureCommand, RunCommand, StopCommand])
  .meta({ id: 'Command' });
export type Command = z.infer<typeof Command>;
export type RunCommand = z.infer<typeof RunCommand>;

export const TargetFacts = z
  .strictObject({
    pageSize: z.int().min(1).describe('Bytes.'),
    arenaPages: z
      .int()
      .min(1)
      .describe(
        'Pages of the arena, the range in which programs map on purpose; nothing else is ever mapped there. It starts at a multiple of 2 MiB.',
      ),
    guardPages: z.int().min(1).describe('Pages between arena and zone that belong to the target and never change.'),
    zonePages: z
      .int()
      .min(0)
      .describe(
        'Free pages below the guard: where the kernel maps what does not fit into the arena. It spans the page numbers -(guardPages + zonePages) to -guardPages - 1; where the kernel searches upward, it lies above the arena and spans arenaPages + guardPages to arenaPages + guardPages + zonePages - 1. 0: what does not fit into the arena is ENOMEM.',
      ),
    searchesUpward: z
      .boolean()
      .optional()
      .describe('Whether the kernel searches for free addresses from the bottom up; absent: from the top down.'),
    arenaStart: z
      .int()
      .min(1)
      .optional()
      .describe(
        "The arena's first page, counted from address 0; may be absent where it lies so high that no length reaches from 0 to it.",
      ),
    taskPages: z
      .int()
      .min(1)
      .optional()
      .describe('Pages of the address space of a process, no more than 2^35 - 1, which it is if absent.'),
    memoryPages: z
      .int()
      .min(1)
      .describe('Physical memory, in pages (plus swap): the bound of the overcommit heuristic.'),
    executeOnly: z.boolean().describe('Whether a mapping with only PROT_EXEC cannot be read (protection keys).'),
    oldPagesFault: z
      .boolean()
      .optional()
      .describe(
        'Whether a page without an accessed bit (after MADV_COLD, or copied by a fork) cannot be read where the protection allows writing only; absent: it can. User Mode Linux maps it for execution, which hosts with protection keys take at its word.',
      ),
    unlocksWholeArea: z
      .boolean()
      .optional()
      .describe(
        "Whether MREMAP_DONTUNMAP of a part of a locked area takes the lock from the whole area, because it does not divide it first; absent: it divides. Stable kernels differ within a series (“mm/mremap: fix locked_vm leak by splitting VMA for MREMAP_DONTUNMAP”, 6.1.191 and 6.12.114), and Debian's release does not say which of them it is.",
      ),
    forkLeavesPages: z
      .boolean()
      .optional()
      .describe(
        'Whether a forked process can access, and changes, pages that its parent has kept for itself (MADV_DONTFORK), where nothing is mapped; absent: it cannot. User Mode Linux copies the whole address space as the host has it (measured on 6.1).',
      ),
    softDirty: z.boolean().describe('Whether pagemap reports soft-dirty.'),
    memForce: z
      .boolean()
      .describe(
        "Whether /proc/PID/mem accesses memory of one's own against its protection (`proc_mem.force_override`).",
      ),
    memoryFailure: z
      .boolean()
      .describe('Whether the kernel knows the advices that poison memory (CONFIG_MEMORY_FAILURE).'),
    samePageMerging: z.boolean().describe('Whether it knows those that merge equal pages (CONFIG_KSM).'),
    hugePages: z.boolean().describe('Whether it knows those for huge pages (CONFIG_TRANSPARENT_HUGEPAGE).'),
    mapPages: z
      .int()
      .optional()
      .describe(
        'The longest mapping that the target can offer, in pages: generated programs then ask for no absurd lengths. Absent: as the kernel allows, and ENOMEM where neither arena nor zone has room.',
      ),
    fastStrings: z
      .enum(['long', 'all'])
      .optional()
      .describe(
        'Which copies the processor does best with one string instruction, as its flags in /proc/cpuinfo say: long ones (erms), all (fsrm as well); absent: none. The kernel copies to and from user memory accordingly.',
      ),
    stepwiseCopies: z
      .boolean()
      .describe(
        'Whether a copy between memory and device runs step by step also where both are views of one page: what it has stored it loads again. Processors promise that of string instructions only for one view. If not, what such a copy yields is not compared.',
      ),
  })
  .meta({ id: 'TargetFacts', description: 'What a target says of itself; nothing of this is guessed by the harness.' });
export type TargetFacts = z.infer<typeof TargetFacts>;

export const Kernel = z
  .strictObject({
    release: z.string(),
    machine: z
      .string()
      .describe(
        'The architecture as `uname -m` says, or `um` for User Mode Linux, of which `uname -m` says what it runs on.',
      ),
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
    settings: z.array(z.enum(SETTING_NAMES)).describe('The limits that a program may set.'),
    mapFlags: z.array(z.enum(MAP_FLAGS)).describe('The flags of mmap that a program may give.'),
    failures: z.array(z.enum(FAILURES)).describe('What operations may ask to fail.'),
    repeat: z.boolean().describe('Whether `run` with `repeat` is answered.'),
    counters: z
      .boolean()
      .optional()
      .describe('Whether answers carry what the kernel counts in the driver; absent: they do not.'),
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
    noexec: z.boolean().describe('Whether the node lies on a file system without execution (PROT_EXEC is then EPERM).'),
    regular: z
      .boolean()
      .describe(
        'Whether the node is a regular file (fstat): its mappings end at 2^63 - 1, those of a device at 2^64 - 1 (EOVERFLOW).',
      ),
  }),
  z.strictObject({ event: z.literal('configured'), seq: Seq, ok: z.literal(false), message: z.string() }),
]);
export type Configured = z.infer<typeof Configured>;

export const Counters = z.record(z.string(), EncodedBytes).meta({
  id: 'Counters',
  description:
    "What the kernel counted in drivers that were built for it, since it started: by the path of each source file's data, as the kernel was built with it, the content that gcov reads. What a target is built of, only the target knows, so nobody else looks into them.",
});
export type Counters = z.infer<typeof Counters>;

/** What any answer may carry; the last of a command does, where something changed since it was told. */
const common = { seq: Seq, index: z.int().min(0), counters: Counters.optional() };

export const Answer = z
  .discriminatedUnion('result', [
    z.strictObject({
      ...common,
      result: z.literal('observed'),
      steps: z.array(Observation).describe('One for each operation.'),
      end: Observation.describe(
        'After the last operation: layout and frames first, then all remaining processes but the first exit in order of creation, and the first unmaps arena and zone and closes its descriptors, all ascending; the callbacks are those of this cleaning.',
      ),
    }),
    z.strictObject({ ...common, result: z.literal('skipped'), reason: z.string() }),
    z.strictObject({
      ...common,
      result: z.literal('errored'),
      message: z.string(),
      step: z.int().optional().describe('The operation that was under way, if known.'),
    }),
    z.strictObject({
      ...common,
      result: z.literal('repeated'),
      times: z.int().describe('How often it was repeated: as often as asked for, or more to be sure of a loss.'),
      pagesLost: z.int().describe('Free pages of the system before, minus after.'),
    }),
  ])
  .meta({ id: 'Answer', description: 'One answer line for each program, in order.' });
export type Answer = z.infer<typeof Answer>;

export const Refused = z.strictObject({ event: z.literal('refused'), message: z.string() });
export const Stopped = z.strictObject({ event: z.literal('stopped') });
export const Event = z.union([Started, Configured, Answer, Refused, Stopped]).meta({ id: 'Event' });
export type Event = z.infer<typeof Event>;
