import { fieldOf, type Level, LEVEL_TABLE, LEVELS } from '../../spec/observation.ts';
import type { Program } from '../../spec/program.ts';
import type { Answer } from '../../spec/protocol.ts';

/** What a program was asked for besides. */
interface Asked {
  readonly levels: readonly Level[];
  readonly repeat?: number | undefined;
}

/**
 * Why an answer is none to this program, though the schema allows it; undefined if it is one. Such an answer is a mistake of
 * whoever made it, so nothing can be held against the system under test.
 */
export function misfit(program: Program, answer: Answer, { levels, repeat }: Asked): string | undefined {
  if (answer.result === 'skipped' || answer.result === 'errored') return undefined;
  const wanted = repeat === undefined ? 'observed' : 'repeated';
  if (answer.result !== wanted) {
    const how = repeat === undefined ? 'to be run once' : `to be repeated ${String(repeat)} times`;
    return `The target answered with the result \`${answer.result}\` to a program that was ${how}: it has to be \`${wanted}\`, \`skipped\` or \`errored\`.`;
  }
  if (answer.result === 'repeated') return undefined;
  const { steps, end } = answer;
  if (steps.length !== program.ops.length) {
    const how = steps.length < program.ops.length ? 'fewer' : 'more';
    return `The target answered with ${how} steps than the program has operations: there is one for each, also for those that were not performed.`;
  }
  for (const level of CHECKPOINT_LEVELS) {
    if (!levels.includes(level)) continue;
    const field = fieldOf(level);
    if (end[field] === undefined) return lacks(level, field, 'the end of the program');
    const checkpoint = program.ops.findIndex((op, index) => {
      const step = steps[index];
      return op.op === 'checkpoint' && step !== undefined && step[field] === undefined && 'ret' in step.outcome;
    });
    if (checkpoint !== -1) return lacks(level, field, `step ${String(checkpoint)}, a checkpoint`);
  }
  return undefined;
}

/** The levels on which every checkpoint and the end say something. */
const CHECKPOINT_LEVELS = LEVELS.filter((level) => LEVEL_TABLE[level].told === 'checkpoints');

function lacks(level: Level, field: string, where: string): string {
  return `The target claims the level \`${level}\`, but its answer has no \`${field}\` at ${where}: it has to be there, or the level must not stand in \`started\`.`;
}

/** Whether any of the answers observes anything on this level. */
export function delivers(level: Level, answers: Iterable<Answer>): boolean {
  const field = fieldOf(level);
  for (const answer of answers) {
    if (answer.result !== 'observed') continue;
    if ([...answer.steps, answer.end].some((observation) => observation[field] !== undefined)) return true;
  }
  return false;
}
