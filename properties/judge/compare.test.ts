import { describe, expect, test } from 'vitest';
import { profile } from '../../model/fixtures.ts';
import type { Step } from '../../model/step.ts';
import { Trace, traceProgram } from '../../model/trace.ts';
import { loadContract } from '../../spec/io/load.ts';
import { LEVELS, type Level, type Observation, type Outcome } from '../../spec/observation.ts';
import { type Operation, type Program, PROGRAM_VERSION } from '../../spec/program.ts';
import { checkProgram, checkTrace, ClauseCounts, decidingClause, type Observed } from './compare.ts';

const contract = loadContract('lkmc_mmap');
const kernel = profile(contract, [6, 12]);

const [OPEN, MMAP, LOAD, CHECKPOINT, UNBOUND, READ_CLOSED, LOAD_ACROSS, FAILED_OPEN, END] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

const ops: readonly Operation[] = [
  { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
  {
    op: 'mmap',
    actor: 'p0',
    to: 'm0',
    fd: 'd0',
    length: 4096,
    offset: 0,
    prot: 'rw-',
    type: 'shared',
    place: { how: 'fixed', at: { arena: 0 } },
  },
  { op: 'load', actor: 'p0', at: { map: 'm0', offset: 0 }, length: 1 },
  { op: 'checkpoint', actor: 'p0' },
  { op: 'load', actor: 'p0', at: { map: 'm9', offset: 0 }, length: 1 },
  { op: 'read', actor: 'p0', fd: 'd9', length: 1 },
  { op: 'load', actor: 'p0', at: { arena: 4095 }, length: 2 },
  { op: 'open', actor: 'p0', to: 'd1', access: 'rw', fail: { what: 'allocation', nth: 1 } },
];
const PROGRAM: Program = { version: PROGRAM_VERSION, ops: [...ops] };
const TRACE = traceProgram(PROGRAM, contract, kernel);

const AREA = '0+1 rw-s 0 rd wr sh mr mw ms de dd sd';

/** What a target says that does all as it should, on every level; written out, so that the model is held against it as well. */
const RIGHT: readonly Observation[] = [
  { outcome: { ret: 0 }, callbacks: ['open'] },
  { outcome: { ret: 0 }, callbacks: ['mmap', 'vm_open'] },
  { outcome: { ret: 1, data: '61' }, callbacks: ['vm_fault pgoff=0 write=0'], frames: { p0: '0:0FXD' } },
  { outcome: { ret: 0 }, layout: { p0: [AREA] } },
  { outcome: { none: 'unbound' } },
  { outcome: { errno: 'EBADF' } },
  { outcome: { signal: 'SIGSEGV', code: 'MAPERR', at: 1, data: '00' } },
  { outcome: { errno: 'ENOMEM' }, callbacks: ['open'], failed: true },
  { outcome: { ret: 0 }, callbacks: ['vm_close', 'release'], layout: { p0: [AREA] } },
];

/** The answer, with other fields in the observation of one operation; `undefined` leaves a field out. */
function answer(
  at = -1,
  change: { readonly [Field in keyof Observation]?: Observation[Field] | undefined } = {},
): Observed {
  const observations = RIGHT.map((observation, index) => {
    const fields = index === at ? { ...observation, ...change } : observation;
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Observation;
  });
  const end = observations.at(-1);
  if (end === undefined) throw new Error('an answer has an end');
  return { seq: 1, index: 0, result: 'observed', steps: observations.slice(0, -1), end };
}

function check(observed: Observed, levels: readonly Level[] = LEVELS, coverage?: ClauseCounts) {
  return checkTrace(TRACE, observed, { kernel, levels, ...(coverage && { coverage }) });
}

const without = (level: Level): Level[] => LEVELS.filter((other) => other !== level);

describe('an answer that agrees', () => {
  test.each([{ levels: LEVELS }, ...LEVELS.map((level) => ({ levels: without(level) }))])(
    'with $levels',
    ({ levels }) => {
      expect(check(answer(), levels)).toBeUndefined();
    },
  );

  test('counts each clause that decided something, as often as it did', () => {
    const coverage = new ClauseCounts();
    check(answer(), LEVELS, coverage);
    expect(Object.fromEntries(coverage.counts)).toEqual({
      'HEALTH-01': 9,
      'OPEN-01': 1,
      'OPEN-02': 2,
      'MAP-01': 1,
      'MAP-21': 1,
      'MAP-23': 1,
      'FAULT-05': 1,
      'ALIAS-01': 1,
      'FAULT-01': 1,
      'PERFORM-01': 1,
      'PERFORM-02': 2,
      'FD-02': 1,
      'FAULT-02': 1,
      'FAULT-03': 1,
      'FAIL-01': 1,
      'FAIL-06': 1,
      'UNMAP-07': 1,
      'LIFE-01': 1,
      'CALL-01': 9,
      'FRAME-01': 1,
      'FRAME-04': 1,
      'FRAME-05': 8,
      'VMA-01': 3,
      'VMA-02': 1,
      'VMA-04': 1,
      'HEALTH-03': 1,
    });
  });

  test('of several programs adds up', () => {
    const coverage = new ClauseCounts();
    for (let time = 0; time < 3; time++) check(answer(), ['outcome'], coverage);
    expect(Object.fromEntries(coverage.counts)).toMatchObject({ 'MAP-01': 3, 'HEALTH-01': 27, 'PERFORM-02': 6 });
  });

  test.each([
    ['callbacks', ['OPEN-02', 'MAP-21', 'MAP-23', 'FAULT-01', 'UNMAP-07', 'LIFE-01', 'CALL-01']],
    ['frames', ['FRAME-01', 'FRAME-04', 'FRAME-05']],
    ['layout', ['VMA-01', 'VMA-02', 'VMA-04']],
    ['health', ['HEALTH-03']],
  ] as const)('counts nothing of the level %s where it was not asked for', (level, clauses) => {
    const [all, fewer] = [new ClauseCounts(), new ClauseCounts()];
    check(answer(), LEVELS, all);
    check(answer(), without(level), fewer);
    const missing = [...all.counts.keys()].filter((clause) => !fewer.counts.has(clause));
    expect(missing.sort()).toEqual([...clauses].sort());
  });
});

describe('a level that was not asked for', () => {
  test.each([
    ['callbacks', LOAD, { callbacks: ['mmap'] }],
    ['frames', LOAD, { frames: { p0: '0:1FXD' } }],
    ['layout', CHECKPOINT, { layout: {} }],
    ['health', END, { remains: [{ what: 'page', count: 1, function: 'lkmc_open', step: 0 }] }],
  ] as const)('is not judged: %s', (level, at, change) => {
    expect(check(answer(at, change as Partial<Observation>), without(level))).toBeUndefined();
    expect(check(answer(at, change as Partial<Observation>), LEVELS)).toMatchObject({ level });
  });

  test('does not keep the outcome from being judged', () => {
    expect(check(answer(MMAP, { outcome: { ret: 1 } }), [])).toMatchObject({ level: 'outcome', clause: 'MAP-01' });
  });
});

describe('an outcome that differs names the clause that decides it', () => {
  const rows: readonly (readonly [what: string, step: number, observed: Outcome, clause: string])[] = [
    ['an error instead of success', OPEN, { errno: 'EACCES' }, 'OPEN-01'],
    ['another number', MMAP, { ret: 1 }, 'MAP-01'],
    ['other bytes', LOAD, { ret: 1, data: '62' }, 'ALIAS-01'],
    ['no bytes', LOAD, { ret: 1 }, 'ALIAS-01'],
    ['not performed', LOAD, { none: 'unsafe' }, 'ALIAS-01'],
    ['a signal instead of success', LOAD, { signal: 'SIGBUS', code: 'ADRERR', at: 0, data: '' }, 'ALIAS-01'],
    ['a checkpoint that does something', CHECKPOINT, { ret: 1 }, 'PERFORM-02'],
    ['performed what cannot be performed', UNBOUND, { ret: 1, data: '61' }, 'PERFORM-01'],
    ['tried what cannot be performed', UNBOUND, { errno: 'EFAULT' }, 'PERFORM-01'],
    ['another reason not to perform it', UNBOUND, { none: 'unsafe' }, 'PERFORM-01'],
    ['another error', READ_CLOSED, { errno: 'EINVAL' }, 'FD-02'],
    ['success instead of an error', READ_CLOSED, { ret: 0, data: '' }, 'FD-02'],
    ['success instead of a signal', LOAD_ACROSS, { ret: 2, data: '00*2' }, 'FAULT-03'],
    ['another signal', LOAD_ACROSS, { signal: 'SIGBUS', code: 'MAPERR', at: 1, data: '00' }, 'FAULT-03'],
    ['another code', LOAD_ACROSS, { signal: 'SIGSEGV', code: 'ACCERR', at: 1, data: '00' }, 'FAULT-03'],
    ['another address', LOAD_ACROSS, { signal: 'SIGSEGV', code: 'MAPERR', at: 0, data: '00' }, 'FAULT-03'],
    ['other bytes before a signal', LOAD_ACROSS, { signal: 'SIGSEGV', code: 'MAPERR', at: 1, data: '' }, 'FAULT-03'],
    ['a wrong error after a failure', FAILED_OPEN, { errno: 'ENODEV' }, 'FAIL-01'],
    ['an end that does not end', END, { errno: 'EBUSY' }, 'PERFORM-02'],
  ];
  test.each(rows)('%s (operation %i)', (_, step, outcome, clause) => {
    const expected = RIGHT[step]?.outcome;
    expect(check(answer(step, { outcome }))).toEqual({ level: 'outcome', clause, step, expected, observed: outcome });
  });

  test('the first difference counts', () => {
    const observed = answer(MMAP, { outcome: { ret: 5 } });
    const last = { ...observed.end, outcome: { ret: 7 } };
    expect(check({ ...observed, end: last })).toMatchObject({ step: MMAP, clause: 'MAP-01' });
  });

  test('what lies behind it is not counted', () => {
    const coverage = new ClauseCounts();
    check(answer(MMAP, { outcome: { ret: 5 } }), LEVELS, coverage);
    expect(coverage.counts.get('MAP-01')).toBe(1);
    expect(coverage.counts.get('MAP-21')).toBeUndefined();
    expect(coverage.counts.get('ALIAS-01')).toBeUndefined();
    expect(coverage.counts.get('HEALTH-03')).toBeUndefined();
  });

  test('every operation that the model performs has a clause, but for the checkpoint', () => {
    const [performed, checkpoint] = [TRACE.steps[LOAD], TRACE.steps[CHECKPOINT]] as [Step, Step];
    expect(decidingClause(performed)).toBe('ALIAS-01');
    expect(decidingClause(checkpoint)).toBe('PERFORM-02');
    const nameless = TRACE.steps.filter(({ clauses }) => clauses.outcome.length === 0);
    expect(nameless.map((step) => TRACE.steps.indexOf(step))).toEqual([CHECKPOINT, UNBOUND]);
  });
});

describe('what differs on another level names its clause', () => {
  const layout = [AREA, '4+1 rw-s 0 rd wr sh mr mw ms de dd sd'];
  const rows: readonly (readonly [string, number, Partial<Observation> | Record<string, undefined>, object])[] = [
    ['no callback', MMAP, { callbacks: undefined }, { clause: 'MAP-21', expected: ['mmap', 'vm_open'], observed: [] }],
    ['one is missing', MMAP, { callbacks: ['mmap'] }, { clause: 'MAP-23', observed: ['mmap'] }],
    ['another one', MMAP, { callbacks: ['mmap', 'vm_close'] }, { clause: 'MAP-23' }],
    ['another order', MMAP, { callbacks: ['vm_open', 'mmap'] }, { clause: 'MAP-21' }],
    ['one more', MMAP, { callbacks: ['mmap', 'vm_open', 'vm_open'] }, { clause: 'CALL-01' }],
    ['one where there is none', READ_CLOSED, { callbacks: ['read len=1 pos=0'] }, { clause: 'CALL-01', expected: [] }],
    ['one is missing at the end', END, { callbacks: ['vm_close'] }, { clause: 'LIFE-01' }],
    [
      'no frames',
      LOAD,
      { frames: undefined },
      { clause: 'FRAME-01', expected: { p0: '0:0FXD' }, observed: 'unchanged' },
    ],
    ['another frame', LOAD, { frames: { p0: '0:0XD' } }, { clause: 'FRAME-01', observed: { p0: '0:0XD' } }],
    ['a process more', LOAD, { frames: { p0: '0:0FXD', p1: '0:0F' } }, { clause: 'FRAME-01' }],
    ['another process', LOAD, { frames: { p1: '0:0FXD' } }, { clause: 'FRAME-01' }],
    ['frames that stay', OPEN, { frames: {} }, { clause: 'FRAME-05', expected: 'unchanged', observed: {} }],
    ['no layout', CHECKPOINT, { layout: undefined }, { clause: 'VMA-01', expected: { p0: [AREA] } }],
    ['no area', CHECKPOINT, { layout: {} }, { clause: 'VMA-01', observed: {} }],
    ['another area', CHECKPOINT, { layout: { p0: [AREA.replace('rw-', 'r--')] } }, { clause: 'VMA-01' }],
    ['an area more', CHECKPOINT, { layout: { p0: layout } }, { clause: 'VMA-01' }],
    ['areas of none', CHECKPOINT, { layout: { p0: [] } }, { clause: 'VMA-01' }],
    ['another process has it', CHECKPOINT, { layout: { p1: [AREA] } }, { clause: 'VMA-01' }],
    ['a process more has one', CHECKPOINT, { layout: { p0: [AREA], p1: [AREA] } }, { clause: 'VMA-01' }],
    ['another area at the end', END, { layout: {} }, { clause: 'VMA-01' }],
  ];
  test.each(rows)('%s (operation %i)', (_, step, change, difference) => {
    const level = ['callbacks', 'frames', 'layout'].find((name) => name in change);
    expect(check(answer(step, change))).toMatchObject({ level, step, ...difference });
  });

  test.each([
    ['the clause of the operation', 4, 'PROT-10'],
    ['that of all layouts where the operation changes none', 2, 'VMA-01'],
  ])('a layout that is watched after every operation names %s', (_, step, clause) => {
    const protect: Operation = { op: 'mprotect', actor: 'p0', at: { map: 'm0', offset: 0 }, length: 4096, prot: 'r--' };
    const program = { ...PROGRAM, ops: [...ops.slice(0, UNBOUND), protect] };
    const trace = traceProgram(program, contract, kernel, { everyLayout: true });
    const steps = trace.steps.map(({ expected }, index): Observation => {
      return { outcome: expected.outcome, layout: index === step ? {} : (expected.layout ?? {}) };
    });
    const observed = { ...answer(), steps };
    expect(checkTrace(trace, observed, { kernel, levels: ['layout'] })).toMatchObject({
      level: 'layout',
      clause,
      step,
    });
  });

  test('every process and every area counts', () => {
    const other = AREA.replace('0+1', '4+1');
    const frames = { p0: '0:0F', p1: '0:1F' };
    const layout = { p0: [AREA, other], p1: [AREA] };
    const steps = TRACE.steps.map((step, index) => {
      if (index === LOAD) return { ...step, expected: { ...step.expected, frames } };
      return index === CHECKPOINT ? { ...step, expected: { ...step.expected, layout } } : step;
    });
    const trace = new Trace(PROGRAM, steps, { contract, kernel, everyLayout: false });
    const verdict = (seen: { frames?: Observation['frames']; layout?: Observation['layout'] }) => {
      const framed = answer(LOAD, { frames: seen.frames ?? frames });
      const laid = framed.steps.map((one, index) => {
        return index === CHECKPOINT ? { ...one, layout: seen.layout ?? layout } : one;
      });
      return checkTrace(trace, { ...framed, steps: laid }, { kernel, levels: LEVELS });
    };
    expect(verdict({})).toBeUndefined();
    expect(verdict({ frames: { p0: '0:0F', p1: '0:0F' } })).toMatchObject({ level: 'frames' });
    expect(verdict({ layout: { p0: [AREA, other], p1: [other] } })).toMatchObject({ level: 'layout' });
    expect(verdict({ layout: { p0: [AREA, AREA], p1: [AREA] } })).toMatchObject({ level: 'layout' });
  });

  test('a layout that nobody expects is not compared', () => {
    expect(check(answer(LOAD, { layout: { p0: ['nonsense'] } }))).toBeUndefined();
  });

  test('what differs on a level is not counted as what was compared', () => {
    const coverage = new ClauseCounts();
    check(answer(LOAD, { frames: undefined }), LEVELS, coverage);
    expect(coverage.counts.get('FAULT-01')).toBe(1);
    expect(coverage.counts.get('FRAME-01')).toBeUndefined();
  });

  test('coarse levels come before fine ones, reports before all', () => {
    const all = { outcome: { ret: 9 }, callbacks: [], frames: {}, failed: true as const, reports: ['BUG: x'] };
    expect(check(answer(LOAD, all))).toMatchObject({ level: 'reports' });
    expect(check(answer(LOAD, { ...all, reports: [] }))).toMatchObject({ clause: 'FAIL-06' });
    expect(check(answer(LOAD, { ...all, reports: [], failed: undefined }))).toMatchObject({ level: 'outcome' });
    expect(check(answer(LOAD, { callbacks: [], frames: {} }))).toMatchObject({ level: 'callbacks' });
  });
});

describe('what the kernel complains of', () => {
  test.each([[LEVELS], [[]]])('breaks HEALTH-01, and nothing else is looked at: %j', (levels) => {
    const coverage = new ClauseCounts();
    const reports = ['BUG: Bad page state'];
    expect(check(answer(OPEN, { reports }), levels, coverage)).toEqual({
      level: 'reports',
      clause: 'HEALTH-01',
      step: OPEN,
      expected: [],
      observed: reports,
    });
    expect([...coverage.counts]).toEqual([]);
  });

  test('is left out where it is known of the platform', () => {
    const known = ['WARNING: suspicious RCU usage'];
    expect(check(answer(OPEN, { reports: known }))).toMatchObject({ clause: 'HEALTH-01' });
    const um = { ...kernel, platform: { ...kernel.platform, machine: 'um' } };
    expect(checkTrace(TRACE, answer(OPEN, { reports: known }), { kernel: um, levels: LEVELS })).toBeUndefined();
  });
});

describe('a failure that was asked for', () => {
  test('is one that the target says took place, and changes what is expected', () => {
    // Another program: without the failure the second open succeeds, and its descriptor is the next one.
    const observed = answer(FAILED_OPEN, { outcome: { ret: 1 }, failed: undefined });
    const end = { ...observed.end, callbacks: ['vm_close', 'release', 'release'] };
    expect(check({ ...observed, end })).toBeUndefined();
    expect(check(observed)).toMatchObject({ level: 'callbacks', clause: 'LIFE-01', step: END });
  });

  test('breaks FAIL-06 where it was not asked for', () => {
    expect(check(answer(READ_CLOSED, { failed: true }))).toEqual({
      level: 'outcome',
      clause: 'FAIL-06',
      step: READ_CLOSED,
      expected: { failed: false },
      observed: { failed: true },
    });
  });

  test('breaks FAIL-06 where it could not take place', () => {
    const refused: Operation = {
      op: 'open',
      actor: 'p0',
      to: 'd0',
      access: 'rw',
      flags: ['creat', 'excl'],
      fail: { what: 'allocation', nth: 1 },
    };
    const program: Program = { version: PROGRAM_VERSION, ops: [refused] };
    const steps: Observation[] = [{ outcome: { errno: 'EEXIST' }, failed: true }];
    const observed = { seq: 1, index: 0, result: 'observed', steps, end: { outcome: { ret: 0 } } } as const;
    expect(checkProgram(program, observed, { contract, kernel, levels: ['outcome'] })).toMatchObject({
      clause: 'FAIL-06',
    });
  });

  test('may end in either of two ways where nobody can tell which', () => {
    const reload: Operation = { op: 'reload', actor: 'p0', fail: { what: 'allocation', nth: 1 } };
    const program: Program = { version: PROGRAM_VERSION, ops: [reload] };
    const verdict = (outcome: Outcome) => {
      const steps: Observation[] = [{ outcome, failed: true }];
      const observed = { seq: 1, index: 0, result: 'observed', steps, end: { outcome: { ret: 0 } } } as const;
      return checkProgram(program, observed, { contract, kernel, levels: ['outcome'] });
    };
    expect(verdict({ errno: 'ENOMEM' })).toBeUndefined();
    expect(verdict({ ret: 0 })).toBeUndefined();
    expect(verdict({ ret: 1 })).toMatchObject({ clause: 'FAIL-05', expected: { errno: 'ENOMEM' } });
  });
});

describe('what remains after a program', () => {
  const remains = [{ what: 'page', count: 1, function: 'lkmc_open', step: 0 }] as const;

  test('breaks HEALTH-03', () => {
    const coverage = new ClauseCounts();
    expect(check(answer(END, { remains: [...remains] }), LEVELS, coverage)).toEqual({
      level: 'health',
      clause: 'HEALTH-03',
      step: END,
      expected: [],
      observed: remains,
    });
    expect(coverage.counts.get('HEALTH-03')).toBeUndefined();
  });

  test('may be nothing', () => {
    expect(check(answer(END, { remains: [] }))).toBeUndefined();
  });
});

describe('a program that the model does not predict', () => {
  const guessed = TRACE.steps.map((step, index) =>
    index === LOAD ? { ...step, unpredictable: 'may do either' } : step,
  );
  const trace = new Trace(PROGRAM, guessed, { contract, kernel, everyLayout: false });

  test('is judged up to there, and not behind it', () => {
    const observed = answer(READ_CLOSED, { outcome: { ret: 5 } });
    expect(checkTrace(trace, observed, { kernel, levels: LEVELS })).toEqual({
      unpredictable: `p0: load(m0, 1) (operation ${String(LOAD)}) may do either`,
    });
  });

  test('still fails where it differs before', () => {
    expect(checkTrace(trace, answer(LOAD, { outcome: { ret: 2 } }), { kernel, levels: LEVELS })).toMatchObject({
      step: LOAD,
    });
  });
});

test('a trace that lacks a step is a mistake of ours, an answer that does is not', () => {
  const { steps, ...rest } = answer();
  const program = { ...PROGRAM, ops: ops.slice(0, FAILED_OPEN) };
  const short = new Trace(program, TRACE.steps.slice(0, LOAD_ACROSS), { contract, kernel, everyLayout: false });
  expect(() => checkTrace(short, { ...rest, steps: steps.slice(0, FAILED_OPEN) }, { kernel, levels: LEVELS })).toThrow(
    'check: a trace has a step for each operation',
  );
  expect(check({ ...rest, steps: steps.slice(0, -1) }, ['outcome'])).toBeUndefined();
});
