import { type Level, LEVEL_TABLE, LEVELS, type Observation } from '../spec/observation.ts';
import type { Expected } from './step.ts';

/** What an operation must yield on each level, as a target would say it; nothing where there is nothing to say. */
const ON_LEVEL: Readonly<Record<Level, (expected: Expected) => Partial<Observation>>> = {
  outcome: ({ outcome }) => ({ outcome }),
  layout: ({ layout }) => (layout === undefined ? {} : { layout }),
  frames: ({ frames }) => (frames === undefined ? {} : { frames }),
  callbacks: ({ callbacks }) => (callbacks.length === 0 ? {} : { callbacks: callbacks.map(({ text }) => text) }),
  // Nothing is left of a program.
  health: () => ({}),
};

/** The observation that a target which is asked for these levels must make of an operation. */
export function expectedObservation(expected: Expected, levels: readonly Level[]): Observation {
  const told = LEVELS.filter((level) => LEVEL_TABLE[level].told === 'always' || levels.includes(level));
  return Object.assign({ outcome: expected.outcome }, ...told.map((level) => ON_LEVEL[level](expected))) as Observation;
}
