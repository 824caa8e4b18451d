import type { Disagreement } from '../../spec/journal.ts';
import type { Program } from '../../spec/program.ts';
import type { Judged } from './batch.ts';
import type { SessionEnded } from './session.ts';

/** The failure of a program that ends its target. */
export function endedDisagreement(judged: Extract<Judged, { kind: 'ended' }>, step: number): Disagreement {
  const { reason, message, console } = judged.error;
  return {
    clause: 'HEALTH-01',
    level: 'reports',
    step,
    expected: 'the target goes on',
    observed: `${reason}: ${message}${console === '' ? '' : `\n${console}`}`,
  };
}

/** What is known of a target that ended, with its last words. */
export function endedMessage({ message, console }: SessionEnded): string {
  return `${message.replace(/\.$/, '')}.${console === '' ? '' : `\nIts last lines:\n${console}`}`;
}

/** The disagreement of a judged program, also when it ended its target, where that is the system under test. */
export function disagreementOf(judged: Judged | undefined, program: Program): Disagreement | undefined {
  if (judged?.kind === 'fail') return judged.disagreement;
  if (judged?.kind === 'ended' && judged.error.isOfSystem && judged.error.reason !== 'closed')
    return endedDisagreement(judged, program.ops.length);
  return undefined;
}
