import { FAILURE_OF, type Operation } from '../../spec/program.ts';
import type { Scene } from './scene.ts';

/** How often, in percent, an operation that can is asked to let something fail. */
const FAILING = 4;

/** The operation, now and then with an allocation or a copy that fails. */
export function sometimesFailing({ choices, failures }: Pick<Scene, 'choices' | 'failures'>, op: Operation): Operation {
  const what = FAILURE_OF.get(op.op);
  if (what === undefined || !failures.has(what) || !choices.chance(FAILING)) return op;
  return { ...op, fail: { what, nth: choices.pick([1, 1, 1, 2, 2, 3]) } } as Operation;
}
