import { expect, test } from 'vitest';
import { loadContract } from '../spec/io/load.ts';
import { type Operation, type Program, PROGRAM_VERSION } from '../spec/program.ts';
import { profile } from './fixtures.ts';
import { end, initialState, step, type Step } from './step.ts';
import { type Failures, TraceBuilder, traceProgram } from './trace.ts';

const contract = loadContract('lkmc_mmap');
const kernel = profile(contract, [6, 1]);

const open = (to: string): Operation => ({ op: 'open', actor: 'p0', to, access: 'rw' });
const failing = (to: string): Operation => ({ ...open(to), fail: { what: 'allocation', nth: 1 } }) as Operation;
const map: Operation = {
  op: 'mmap',
  actor: 'p0',
  to: 'm0',
  fd: 'd1',
  length: 4096,
  offset: 0,
  prot: 'rw-',
  type: 'shared',
};
const load: Operation = { op: 'load', actor: 'p0', at: { map: 'm0', offset: 0 }, length: 1 };

const PROGRAM: Program = {
  version: PROGRAM_VERSION,
  setting: { descriptors: 3 },
  ops: [open('d0'), failing('d1'), map, failing('d2'), load],
};

/** The steps and the end, one after the other, as whoever has no trace would compute them. */
function stepped(program: Program, failed: Failures): Step[] {
  let state = initialState(contract, kernel, program);
  const steps = program.ops.map((operation, index) => {
    const result = step(state, operation, contract, kernel, { failed: failed(index) });
    state = result.state;
    return result;
  });
  return [...steps, end(state, contract, kernel)];
}

const outcomes = (steps: readonly Step[]): unknown[] => steps.map(({ expected }) => expected.outcome);

test('a trace is all steps of a program and its end; what asks to fail does', () => {
  const trace = traceProgram(PROGRAM, contract, kernel);
  expect([...trace.steps, trace.end]).toEqual(stepped(PROGRAM, () => true));
  expect(outcomes(trace.steps).slice(1, 3)).toEqual([{ errno: 'ENOMEM' }, { errno: 'EBADF' }]);
  expect(trace.end).toBe(trace.end);
});

test('what the target says of failures changes what comes from then on, and nothing before', () => {
  const trace = traceProgram(PROGRAM, contract, kernel);
  const onlyLast: Failures = (index) => index === 3;
  const given = trace.given(onlyLast);
  expect([...given.steps, given.end]).toEqual(stepped(PROGRAM, onlyLast));
  expect(given.steps[0]).toBe(trace.steps[0]);
  expect(given.steps[1]).not.toBe(trace.steps[1]);
  const later = trace.given((index) => index === 1);
  expect(later.steps.slice(0, 3).every((one, index) => one === trace.steps[index])).toBe(true);
  expect(later.steps[3]).not.toBe(trace.steps[3]);
});

test('a trace that the target agrees with is not stepped again', () => {
  const trace = traceProgram(PROGRAM, contract, kernel);
  // Operations that ask for nothing cannot fail, whatever a target says of them.
  expect(trace.given(() => true)).toBe(trace);
  expect(trace.given((index) => index === 1 || index === 3)).toBe(trace);
  const none = trace.given(() => false);
  expect(none.given(() => false)).toBe(none);
});

test('a failure that cannot take place is none, whatever is said of it', () => {
  const refused: Operation = { ...failing('d0'), flags: ['creat', 'excl'] } as Operation;
  const trace = traceProgram({ version: PROGRAM_VERSION, ops: [refused] }, contract, kernel);
  expect(trace.steps[0]?.expected).toMatchObject({ outcome: { errno: 'EEXIST' }, failed: false });
  expect(trace.given(() => false)).toBe(trace);
  expect(trace.given(() => true).steps).toEqual(trace.steps);
});

test('the layout is expected where it is watched', () => {
  const layouts = (everyLayout: boolean): unknown[] =>
    traceProgram(PROGRAM, contract, kernel, { everyLayout }).steps.map(({ expected }) => expected.layout !== undefined);
  expect(layouts(true)).toEqual([true, true, true, true, true]);
  expect(layouts(false)).toEqual([false, false, false, false, false]);
});

test('a builder yields the trace of the program that it makes, and forgets what was only tried', () => {
  const builder = new TraceBuilder(contract, kernel, { setting: { descriptors: 3 } });
  for (const operation of PROGRAM.ops) {
    builder.try(load);
    builder.try(open('d9'));
    builder.keep(operation, builder.try(operation));
  }
  const trace = builder.trace();
  const whole = traceProgram(PROGRAM, contract, kernel);
  expect(trace.program).toEqual(PROGRAM);
  expect(trace.steps).toEqual(whole.steps);
  expect(trace.end).toEqual(whole.end);
  expect(builder.length).toBe(PROGRAM.ops.length);
  builder.keep(load, builder.try(load));
  expect(trace.steps).toHaveLength(PROGRAM.ops.length);
});
