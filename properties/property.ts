import type { DriverCounting } from '../spec/ports/driver-counting.ts';
import type { Disagreement } from '../spec/journal.ts';
import type { Level } from '../spec/observation.ts';
import type { OperationName, Program } from '../spec/program.ts';
import type { Answer, Started } from '../spec/protocol.ts';
import type { PropertyName } from './engine/campaign-types.ts';
import type { Checker, Unpredictable } from './judge/compare.ts';
import type { Lengths, Surroundings } from './generate/program.ts';
import type { Source } from './source.ts';

/** What a source of programs can draw on. */
export interface Supply {
  /** The generated program with this number; it begins with `onto` if that is given. */
  readonly program: (index: number, onto?: Program) => Program;
  /** How many programs are wanted of it. */
  readonly count: number;
  readonly surroundings: Surroundings;
  /** What the target can say of the counters in its answers, if it counts. */
  readonly counting: DriverCounting | undefined;
}

/**
 * A property of a device. A base program is generated and shrunk; what is really run may be several programs
 * made from it (two routes that must agree), and the judge sees the answers of all of them.
 */
export interface Property {
  readonly name: PropertyName;
  /** One sentence for people. */
  readonly text: string;
  /** The levels without which there is nothing to judge. */
  readonly needs: readonly Level[];
  /** Its share of the programs that `lockstep` gets, in percent: for the properties that cost more. */
  readonly share: number;
  /** At most so many programs, however many `lockstep` gets. */
  readonly most?: number;
  /** Whether every operation is compared on every level that the target observes. */
  readonly comparesAll: boolean;
  /** Operations that its programs do without, because it has no use for them. */
  readonly leavesOut?: ReadonlySet<OperationName>;
  /** How long its programs are, if not as long as those of all others. */
  readonly lengths?: Lengths;
  /** A sentence on why this property cannot be checked on a target; undefined if it can. */
  lacks?(started: Started): string | undefined;
  /** Where its programs come from, if it does not take the generated ones as they are. They ask for no failures then. */
  source?(supply: Supply): Source;
  /** Run each program this often and look only at the memory lost. */
  readonly repeat?: number;
  expand(program: Program): readonly Program[];
  /** The answers are all `observed` (or `repeated`), one for each expanded program. */
  judge(program: Program, answers: readonly Answer[], checker: Checker): Disagreement | Unpredictable | undefined;
}
