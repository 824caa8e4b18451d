import { checkProgram } from './judge/compare.ts';
import type { Property } from './property.ts';

/** The target does what the model does, on every level that the target observes. */
export const lockstep: Property = {
  name: 'lockstep',
  text: 'Every operation yields what the reference model yields, on every observed level.',
  needs: ['outcome'],
  share: 100,
  comparesAll: true,
  expand: (program) => [program],
  judge: (program, [answer], checker) =>
    answer?.result === 'observed' ? checkProgram(program, answer, checker) : undefined,
};
