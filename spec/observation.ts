import * as z from 'zod';
import { Int64 } from './integer.ts';

/** The levels on which an operation is observed, coarse to fine. A target says which it can observe. */
export const LEVELS = ['outcome', 'layout', 'frames', 'callbacks', 'health'] as const;
export const Level = z.enum(LEVELS).meta({ id: 'Level' });
export type Level = z.infer<typeof Level>;

/**
 * When a target that observes a level says something on it: `always`: of every operation, whether it was asked for the level or
 * not. `checkpoints`: at every checkpoint and at the end. `changes`: when there is something new, which sooner or later
 * there is. `mistakes`: only when the driver has made one, so that a target may be silent for ever.
 */
type Told = 'always' | 'checkpoints' | 'changes' | 'mistakes';

/** What there is to know of a level beside how its observations are compared. */
export const LEVEL_TABLE = {
  outcome: { field: 'outcome', told: 'always' },
  layout: { field: 'layout', told: 'checkpoints' },
  frames: { field: 'frames', told: 'changes' },
  callbacks: { field: 'callbacks', told: 'changes' },
  health: { field: 'remains', told: 'mistakes' },
} as const satisfies Readonly<Record<Level, { readonly field: string; readonly told: Told }>>;

/** The levels of which a target that claims them has something to say sooner or later, when it is asked for them. */
export const SHOWN_LEVELS: readonly Level[] = LEVELS.filter((level) =>
  (['checkpoints', 'changes'] as readonly Told[]).includes(LEVEL_TABLE[level].told),
);

/** The field of an observation that belongs to a level. */
export function fieldOf(level: Level): keyof Observation {
  return LEVEL_TABLE[level].field;
}

export const EncodedBytes = z.string().meta({
  id: 'EncodedBytes',
  description:
    'Bytes, run-length encoded in hex: `61736466` or `61736466,00*4092`. A run of four or more equal bytes is written `XX*N`; pieces are separated by commas; no bytes are the empty string.',
});
export type EncodedBytes = z.infer<typeof EncodedBytes>;

export const Outcome = z
  .union([
    z
      .strictObject({ ret: Int64, data: EncodedBytes.optional() })
      .describe(
        "Success. Descriptors count from the program's first free one (0); mappings are page numbers relative to the arena (negative below it); `load` and `store` return the bytes accessed; `poll` returns the events; everything else is what the system call returned; only `lseek` can return more than 2^53. `data` are the bytes read, and for `mincore` a byte for each page: the empty string if there were none, absent where the operation has no data.",
      ),
    z.strictObject({ errno: z.string().regex(/^E[A-Z0-9]+$/) }).describe('An error, by its name in errno(3).'),
    z.strictObject({
      signal: z.string().describe('`SIGSEGV` or `SIGBUS`.'),
      code: z.string().describe('`si_code` without its prefix: `MAPERR`, `ACCERR`, `PKUERR`, `ADRERR`.'),
      at: z.int().describe('The fault address minus the address that the operation named, in bytes.'),
      data: EncodedBytes.optional().describe(
        'Bytes loaded before the fault, for `load`: the empty string if the first byte has it; absent for `store`.',
      ),
    }),
    z
      .strictObject({ none: z.enum(['unbound', 'unsafe']) })
      .describe('Not performed: the actor or mapping does not exist, or the range would leave the arena and its zone.'),
  ])
  .meta({ id: 'Outcome', description: 'What one operation returned to its caller.' });
export type Outcome = z.infer<typeof Outcome>;

export const Layout = z.record(z.string(), z.array(z.string())).meta({
  id: 'Layout',
  description:
    'The mappings of each live process in arena and zone, ascending, one string each: `FIRST+PAGES PERMS PGOFF FLAGS…`, for example `4+2 rw-s 0 rd wr sh mr mw me ms sd`. Page numbers are relative to the arena; flags are `VmFlags` of `/proc/PID/smaps`. Processes without any are left out.',
});
export type Layout = z.infer<typeof Layout>;

export const Frames = z.record(z.string(), z.string()).meta({
  id: 'Frames',
  description:
    'The present pages of the arena for each live process, from `pagemap`: `PAGE:FRAME[F][X][D]` separated by spaces, with F file page or shared anonymous (bit 61), X exclusively mapped (bit 56), D soft-dirty (bit 55). Frames are numbered from 0 in order of first appearance (processes in order of creation, pages ascending) afresh in each observation, so only sharing is compared. A page that is not present but a guard region (bit 58) is `PAGE:G`. Processes without any of these are left out.',
});
export type Frames = z.infer<typeof Frames>;

export const Remains = z
  .strictObject({
    what: z.enum(['page', 'object']),
    count: z.int().min(1),
    function: z.string().describe("The driver's function that allocated it."),
    step: z
      .int()
      .min(0)
      .describe('The operation during which it was allocated; the length of the program means the end.'),
  })
  .meta({ id: 'Remains', description: 'Memory that the driver allocated during a program and did not free.' });
export type Remains = z.infer<typeof Remains>;

export const Observation = z
  .strictObject({
    outcome: Outcome,
    failed: z
      .literal(true)
      .optional()
      .describe('Whether the failure that the operation asked for took place. Absent: no.'),
    layout: Layout.optional().describe(
      'At a checkpoint and at the end (or after every operation if the run asks for it).',
    ),
    frames: Frames.optional().describe(
      'Absent when unchanged since the previous observation of the program (which starts with none present).',
    ),
    callbacks: z
      .array(z.string())
      .optional()
      .describe(
        "The driver's log lines without prefix and addresses, in order: `vm_fault pgoff=0 write=1`. Absent when none.",
      ),
    reports: z
      .array(z.string())
      .optional()
      .describe(
        'Kernel log lines that report a bug (`BUG:`, `WARNING:`, …) since the previous observation. Absent when none.',
      ),
    remains: z
      .array(Remains)
      .optional()
      .describe('At the end of a program, for the level `health`: what is left. Absent when nothing is.'),
  })
  .meta({ id: 'Observation', description: 'What one operation yielded on the levels that were asked for.' });
export type Observation = z.infer<typeof Observation>;
