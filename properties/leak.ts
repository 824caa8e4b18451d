import type { Property } from './property.ts';

const TIMES = 200;

/**
 * Needs no model: a program that is repeated often loses no memory. What caches of the kernel take and give back, a hundred
 * pages and more where there are many forks, does not grow with the repetitions, and a target repeats a program more often
 * when it is in doubt.
 */
export const leak: Property = {
  name: 'leak',
  text: `A program repeated ${String(TIMES)} times or more loses less than a page for every second repetition.`,
  needs: ['callbacks'],
  share: 1,
  most: 40,
  comparesAll: false,
  repeat: TIMES,
  lacks: (started) => (started.repeat ? undefined : 'the target cannot measure lost memory'),
  // Loading a module allocates and frees more than what would stand out, and takes longer than all the rest.
  expand: (program) => [{ ...program, ops: program.ops.filter(({ op }) => op !== 'reload') }],
  judge: (program, [answer]) => {
    if (answer?.result !== 'repeated' || answer.pagesLost * 2 < answer.times) return undefined;
    return {
      clause: 'HEALTH-02',
      level: 'memory',
      step: program.ops.length,
      expected: `no memory lost by ${String(answer.times)} repetitions`,
      // Rounded, so that the same leak reads the same each time.
      observed: `about ${String(Math.round(answer.pagesLost / answer.times))} page(s) lost by each repetition`,
    };
  },
};
