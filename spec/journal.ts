import * as z from 'zod';
import { Level } from './observation.ts';
import { Program } from './program.ts';
import { Kernel } from './protocol.ts';

/** The version of the journal; one of another version is refused by every reader. */
export const JOURNAL_VERSION = 3;

/** Verdicts never merge. */
export const VERDICTS = ['pass', 'fail', 'skipped', 'errored', 'flaky', 'incomplete'] as const;
export const Verdict = z.enum(VERDICTS);
export type Verdict = z.infer<typeof Verdict>;

const where = { target: z.string(), contract: z.string() };

export const Header = z.strictObject({
  type: z.literal('header'),
  version: z.literal(JOURNAL_VERSION),
  tool: z.strictObject({ name: z.string(), version: z.string() }),
  startedAt: z.iso.datetime(),
  seed: z.int(),
  /** Programs for each property, target and contract; absent when the run is bounded by time. */
  programs: z.int().optional(),
  /** Milliseconds for each target and contract; absent when the run is bounded by programs. */
  timeMs: z.int().optional(),
  targets: z.array(z.string()),
  contracts: z.array(z.string()),
  properties: z.array(z.string()),
});

/** Written when a target has answered `start` and `configure`. */
export const TargetEntry = z.strictObject({
  type: z.literal('target'),
  ...where,
  implementation: z.strictObject({ name: z.string(), version: z.string() }),
  kernel: Kernel,
  levels: z.array(Level),
  /** What a person has to know of the target: that its kernel is not among those that were measured. */
  note: z.string().optional(),
});

/** Where a checked program first disagreed. */
export const Disagreement = z.strictObject({
  /** The clause that it breaks. */
  clause: z.string(),
  /** The level on which it shows; `reports` are complaints in the kernel log, `memory` is memory lost. */
  level: z.enum([...Level.options, 'reports', 'memory']),
  /** Index of the operation; the length of the program means the end (the cleaning). */
  step: z.int(),
  expected: z.unknown(),
  observed: z.unknown(),
});
export type Disagreement = z.infer<typeof Disagreement>;

export const CounterexampleEntry = z.strictObject({
  type: z.literal('counterexample'),
  ...where,
  property: z.string(),
  /** `fail`: it repeated on a fresh target; `flaky`: it did not. */
  verdict: z.enum(['fail', 'flaky']),
  /** Replays it: `mmap-conformance replay TOKEN --target …`. */
  token: z.string(),
  disagreement: Disagreement,
  program: Program,
  /** Operations before shrinking, and candidates tried. */
  shrunkFrom: z.int(),
  candidates: z.int(),
  /** Milliseconds spent shrinking. */
  shrinkMs: z.int(),
  /** The program in the text form that people read. */
  text: z.array(z.string()),
});
export type CounterexampleEntry = z.infer<typeof CounterexampleEntry>;

/** A program that could not be judged. */
export const TroubleEntry = z.strictObject({
  type: z.literal('trouble'),
  ...where,
  property: z.string(),
  verdict: z.enum(['skipped', 'errored']),
  message: z.string(),
  /** Absent when the trouble is the target's own (it does not start). */
  program: Program.optional(),
});

/** One property on one target and contract. */
export const ResultEntry = z.strictObject({
  type: z.literal('result'),
  ...where,
  property: z.string(),
  verdict: Verdict,
  /** Programs by verdict. */
  verdicts: z.record(Verdict, z.int()),
  programs: z.int(),
  /** Operations whose observation was compared on every level that the target observes. */
  operations: z.int(),
  durationMs: z.number(),
  message: z.string().optional(),
});
export type ResultEntry = z.infer<typeof ResultEntry>;

/** How often each clause decided an expectation that was checked. Clauses that apply and were not reached have 0. */
export const CoverageEntry = z.strictObject({
  type: z.literal('coverage'),
  ...where,
  clauses: z.record(z.string(), z.int()),
});
export type CoverageEntry = z.infer<typeof CoverageEntry>;

const Share = z.strictObject({ reached: z.int(), total: z.int() });

/** What was reached of one source file of a driver. */
export const DriverFile = z.strictObject({
  /** Its path in the directory of the driver. */
  file: z.string(),
  /** Lines with code. */
  lines: Share,
  /** Ways on from a line that has several. */
  branches: Share,
  /** The lines that were not reached, in order, first and last included, with the text between. */
  never: z.array(z.strictObject({ from: z.int(), to: z.int(), text: z.array(z.string()) })),
  /** Lines that were reached, but left in not all of the ways. */
  partly: z.array(z.strictObject({ line: z.int(), text: z.string() })),
});
export type DriverFile = z.infer<typeof DriverFile>;

/**
 * What of the driver's source was reached, where the target counts it: by everything that happened on the target since
 * its kernel started, so also by loading the module, shrinking, and what the target does itself between programs. What a target
 * did in the batch under which it ended is missing.
 */
export const DriverEntry = z.strictObject({
  type: z.literal('driver'),
  ...where,
  files: z.array(DriverFile),
});
export type DriverEntry = z.infer<typeof DriverEntry>;

/** The last line. A journal without it is `incomplete`. */
export const Footer = z.strictObject({
  type: z.literal('footer'),
  finishedAt: z.iso.datetime(),
  durationMs: z.number(),
  /** `incomplete`: the run was ended before it was done. */
  verdict: Verdict,
  exitCode: z.int(),
});

export const JournalEntry = z
  .discriminatedUnion('type', [
    Header,
    TargetEntry,
    CounterexampleEntry,
    TroubleEntry,
    ResultEntry,
    CoverageEntry,
    DriverEntry,
    Footer,
  ])
  .meta({ id: 'JournalEntry' });
export type JournalEntry = z.infer<typeof JournalEntry>;
