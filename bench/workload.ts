import type { Session } from '../properties/engine/session.ts';
import { type Lengths, ProgramArbitrary, programNumber, surroundingsOf } from '../properties/generate/program.ts';
import type { Program } from '../spec/program.ts';

/** Programs that every way performs. */
export interface Workload {
  readonly seed: number;
  readonly programs: readonly Program[];
  /** Makes them once more: a run of the engine generates while it checks. */
  readonly generate: (index: number) => Program;
  readonly operations: number;
}

/**
 * `count` of the programs that a campaign with this seed would check on the session's target, from `first` on; with other
 * `lengths` than a campaign's they are other programs.
 */
export function makeWorkload(session: Session, seed: number, count: number, first = 0, lengths?: Lengths): Workload {
  const { contract, profile, started } = session;
  const arbitrary = new ProgramArbitrary(surroundingsOf(contract, profile, started), lengths);
  const generate = (index: number): Program => programNumber(arbitrary, seed, first + index);
  const programs = Array.from({ length: count }, (_, index) => generate(index));
  return { seed, programs, generate, operations: programs.reduce((sum, { ops }) => sum + ops.length, 0) };
}
