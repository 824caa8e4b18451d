import { loggedCallbacks } from '../spec/contract.ts';
import type { Disagreement } from '../spec/journal.ts';
import type { Property } from './property.ts';

/**
 * Needs no model: over a whole program, its cleaning included, every area that was opened is closed and every
 * description is released once.
 */
export const balance: Property = {
  name: 'balance',
  text: 'vm_open and vm_close, open and release come in equal numbers, and none comes before its counterpart.',
  needs: ['callbacks'],
  share: 20,
  comparesAll: false,
  expand: (program) => [program],
  judge: (program, [answer], { contract }) => {
    if (answer?.result !== 'observed') return undefined;
    const pairs = [
      { opens: 'open', closes: 'release', clause: 'LIFE-01', checked: true },
      {
        opens: 'vm_open',
        closes: 'vm_close',
        clause: 'UNMAP-07',
        checked: contract.vmOperations.open && contract.vmOperations.close && contract.mmap.callsVmOpen,
      },
    ];
    const logged = loggedCallbacks(contract);
    for (const { opens, closes, clause, checked } of pairs) {
      if (!checked || !logged.some((name) => name === opens) || !logged.some((name) => name === closes)) continue;
      let balance = 0;
      const unbalanced = (step: number): Disagreement => ({
        clause,
        level: 'callbacks',
        step,
        expected: `as many ${closes} as ${opens}`,
        observed: `${String(Math.abs(balance))} too ${balance > 0 ? 'few' : 'many'} ${closes}`,
      });
      for (const [step, observation] of [...answer.steps, answer.end].entries()) {
        for (const callback of observation.callbacks ?? []) {
          const name = callback.split(' ')[0];
          // An open that was made to fail called the driver, and is no open.
          if (name === opens && !(opens === 'open' && observation.failed === true)) balance++;
          if (name === closes) balance--;
          if (balance < 0) return unbalanced(step);
        }
      }
      if (balance !== 0) return unbalanced(program.ops.length);
    }
    return undefined;
  },
};
