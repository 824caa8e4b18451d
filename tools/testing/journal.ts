import { JOURNAL_VERSION, type JournalEntry } from '../../spec/journal.ts';
import type { EntryOf } from '../../reports/entry-of.ts';
import { zeroVerdicts } from '../../reports/run-view.ts';

const where = { target: 'sim', contract: 'lkmc_mmap' };

/** A header for one target, one contract and one property, to test reports with. */
export const header: EntryOf<'header'> = {
  type: 'header',
  version: JOURNAL_VERSION,
  tool: { name: 'mmap-conformance', version: '0.1.0' },
  startedAt: '2026-11-22T20:00:00.000Z',
  seed: 7,
  programs: 10,
  targets: ['sim'],
  contracts: ['lkmc_mmap'],
  properties: ['lockstep'],
};

export const started: EntryOf<'target'> = {
  type: 'target',
  ...where,
  implementation: { name: 'sim', version: '1' },
  kernel: { release: '6.12.0-sim', machine: 'x86_64' },
  levels: ['outcome', 'layout'],
};

export const coverage: EntryOf<'coverage'> = {
  type: 'coverage',
  ...where,
  clauses: { 'MAP-01': 12, 'MAP-07': 0, 'READ-02': 3 },
};

/** A driver of two files, one of which was reached as a whole; the other one's text tries to colour the terminal. */
export const driver: EntryOf<'driver'> = {
  type: 'driver',
  ...where,
  files: [
    {
      file: 'core.c',
      lines: { reached: 61, total: 63 },
      branches: { reached: 22, total: 24 },
      never: [
        { from: 7, to: 7, text: ['\treturn -ENOMEM; /* \u001b[31m */'] },
        { from: 131, to: 133, text: ['err_free:', '\tkfree(x);', '\treturn err;'] },
      ],
      partly: [
        { line: 6, text: '\tif (!x)' },
        { line: 120, text: '\tif (x && y)' },
      ],
    },
    { file: 'sub/map.c', lines: { reached: 4, total: 4 }, branches: { reached: 0, total: 0 }, never: [], partly: [] },
  ],
};

export const passed: EntryOf<'result'> = {
  type: 'result',
  ...where,
  property: 'lockstep',
  verdict: 'pass',
  verdicts: { ...zeroVerdicts(), pass: 10 },
  programs: 10,
  operations: 1234,
  durationMs: 500,
};

/** What a target prints is data: this one tries to colour the terminal and to break the XML. */
export const counterexample: EntryOf<'counterexample'> = {
  type: 'counterexample',
  ...where,
  property: 'lockstep',
  verdict: 'fail',
  token: 'TOKEN',
  disagreement: {
    clause: 'READ-02',
    level: 'outcome',
    step: 1,
    expected: { ret: 4 },
    observed: { errno: 'EIO\u001b[31m]]>' },
  },
  program: {
    version: 2,
    ops: [
      { op: 'open', actor: 'p0', to: 'd0', access: 'ro' },
      { op: 'read', actor: 'p0', fd: 'd0', length: 4 },
    ],
  },
  shrunkFrom: 31,
  candidates: 40,
  shrinkMs: 1200,
  text: ['p0: d0 = open(ro)', 'p0: read(d0, 4) \u001b[2J</failure>'],
};

export const failed: EntryOf<'result'> = {
  ...passed,
  verdict: 'fail',
  verdicts: { ...zeroVerdicts(), pass: 9, fail: 1 },
};

export const footer: EntryOf<'footer'> = {
  type: 'footer',
  finishedAt: '2026-11-22T20:00:01.000Z',
  durationMs: 1000,
  verdict: 'pass',
  exitCode: 0,
};

export const passingRun: readonly JournalEntry[] = [header, started, passed, coverage, footer];
export const failingRun: readonly JournalEntry[] = [
  header,
  started,
  counterexample,
  failed,
  coverage,
  { ...footer, verdict: 'fail', exitCode: 1 },
];
