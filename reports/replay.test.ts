import { expect, it } from 'vitest';
import { describeReplay } from './replay.ts';

it('shows each level once where both sides agree, and both where they do not', () => {
  const lines = describeReplay([
    { text: 'd0 = open(rw)', expected: { outcome: { ret: 0 } }, observed: { outcome: { ret: 0 } } },
    {
      text: 'read(d0, 4)',
      expected: { callbacks: ['read'], outcome: { ret: 4 } },
      observed: { outcome: { ret: 0 }, callbacks: ['read'] },
      disagreement: { clause: 'READ-01', level: 'outcome' },
    },
  ]);
  expect(lines).toEqual([
    '    0  d0 = open(rw)',
    '       outcome: {"ret":0}',
    '>   1  read(d0, 4)  breaks READ-01',
    '>      outcome expected: {"ret":4}',
    '>      outcome observed: {"ret":0}',
    '       callbacks: ["read"]',
  ]);
});
