import { describe, expect, test } from 'vitest';
import type { Observation } from '../../spec/observation.ts';
import { type Program, PROGRAM_VERSION } from '../../spec/program.ts';
import type { Answer } from '../../spec/protocol.ts';
import { delivers, misfit } from './answer-fit.ts';

const PROGRAM: Program = {
  version: PROGRAM_VERSION,
  ops: [
    { op: 'open', actor: 'p0', to: 'd0', access: 'rw' },
    { op: 'checkpoint', actor: 'p0' },
    { op: 'checkpoint', actor: 'p1' },
  ],
};

const ret: Observation = { outcome: { ret: 0 } };
const laid: Observation = { ...ret, layout: {} };
const unbound: Observation = { outcome: { none: 'unbound' } };

function observed(steps: readonly Observation[], end: Observation = laid): Answer {
  return { seq: 1, index: 0, result: 'observed', steps: [...steps], end };
}

const SKIPPED: Answer = { seq: 1, index: 0, result: 'skipped', reason: 'it cannot' };
const ERRORED: Answer = { seq: 1, index: 0, result: 'errored', message: 'it broke' };
const REPEATED: Answer = { seq: 1, index: 0, result: 'repeated', times: 3, pagesLost: 0 };
const FITTING = observed([ret, laid, unbound]);

describe('an answer fits', () => {
  test.each([
    ['one that was observed', FITTING, {}],
    ['a skip', SKIPPED, {}],
    ['an error', ERRORED, {}],
    ['a skip of what was to be repeated', SKIPPED, { repeat: 3 }],
    ['an error of what was to be repeated', ERRORED, { repeat: 3 }],
    ['one that was repeated', REPEATED, { repeat: 3 }],
  ] as const)('%s', (_, answer, asked) => {
    expect(misfit(PROGRAM, answer, { levels: ['outcome', 'layout'], ...asked })).toBeUndefined();
  });

  test('without layouts where they were not asked for', () => {
    expect(misfit(PROGRAM, observed([ret, ret, unbound], ret), { levels: ['outcome', 'frames'] })).toBeUndefined();
  });

  test('a checkpoint of a process that does not live shows nothing', () => {
    expect(misfit(PROGRAM, observed([ret, laid, unbound]), { levels: ['layout'] })).toBeUndefined();
  });
});

describe('an answer does not fit', () => {
  const steps = 'steps than the program has operations: there is one for each, also for those that were not performed.';
  const claims = (where: string): string =>
    `The target claims the level \`layout\`, but its answer has no \`layout\` at ${where}: it has to be there, or the level must not stand in \`started\`.`;
  test.each([
    [
      'repeated instead of observed',
      REPEATED,
      {},
      'The target answered with the result `repeated` to a program that was to be run once: it has to be `observed`, `skipped` or `errored`.',
    ],
    [
      'observed instead of repeated',
      FITTING,
      { repeat: 3 },
      'The target answered with the result `observed` to a program that was to be repeated 3 times: it has to be `repeated`, `skipped` or `errored`.',
    ],
    ['too few steps', observed([ret, laid]), {}, `The target answered with fewer ${steps}`],
    ['too many steps', observed([ret, laid, unbound, ret]), {}, `The target answered with more ${steps}`],
    ['no layout at the end', observed([ret, laid, unbound], ret), {}, claims('the end of the program')],
    ['no layout at a checkpoint', observed([ret, ret, unbound]), {}, claims('step 1, a checkpoint')],
    ['no layout at another checkpoint', observed([ret, laid, ret]), {}, claims('step 2, a checkpoint')],
  ] as const)('%s', (_, answer, asked, sentence) => {
    expect(misfit(PROGRAM, answer, { levels: ['outcome', 'layout'], ...asked })).toBe(sentence);
  });
});

describe('a level is delivered', () => {
  const framed: Observation = { ...ret, frames: {} };
  test.each([
    ['by a step', [SKIPPED, REPEATED, observed([ret, framed])], true],
    ['by an end', [observed([ret], framed)], true],
    ['by the last of several answers', [observed([ret]), observed([], framed)], true],
    ['by no answer', [], false],
    ['not by answers that observe other levels', [observed([laid, { ...ret, callbacks: ['open'] }])], false],
    ['not by answers without observations', [SKIPPED, ERRORED, REPEATED], false],
  ] as const)('%s', (_, answers, delivered) => {
    expect(delivers('frames', answers)).toBe(delivered);
  });

  test('each level for itself', () => {
    const called = [observed([{ ...ret, callbacks: [] }])];
    expect(delivers('callbacks', called)).toBe(true);
    expect(delivers('frames', called)).toBe(false);
  });
});
