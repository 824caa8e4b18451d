import { FAILURE_OF, type Operation } from '../../../spec/program.ts';
import type { Scene } from './scene.ts';

/** How often, in percent, an operation that can is asked to let something fail. */
const FAILING = 4;

/** The same for loading the module, which is rare and has much in it that can fail. */
const FAILING_LOAD = 40;

/** The operation, now and then with an allocation or a copy that fails. */
export function sometimesFailing({ choices, failures }: Pick<Scene, 'choices' | 'failures'>, op: Operation): Operation {
  const what = FAILURE_OF.get(op.op);
  if (what === undefined || !failures.has(what) || !choices.chance(op.op === 'reload' ? FAILING_LOAD : FAILING)) {
    return op;
  }
  const nth = op.op === 'reload' ? choices.between(1, choices.chance(50) ? 3 : 30) : choices.pick([1, 1, 1, 2, 2, 3]);
  return { ...op, fail: { what, nth } } as Operation;
}
