import { expect, test } from 'vitest';
import { answerable } from './known-reports.ts';
import { platformOf } from '../../spec/platform.ts';

test('a known report is left out where it is known, unless it names a function of a module', () => {
  const known = 'WARNING: suspicious RCU usage';
  const blamed = `${known}, in lkmc_open [lkmc_mmap]`;
  expect(answerable([known, blamed, 'BUG: x'], platformOf('um', 4096))).toEqual([blamed, 'BUG: x']);
  expect(answerable([`more than a ${known}`], platformOf('um', 4096))).toEqual([`more than a ${known}`]);
  expect(answerable([known], platformOf('x86_64', 4096))).toEqual([known]);
});
