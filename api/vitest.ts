import type { Contract } from '../spec/contract.ts';
import { checkContract, loadContract } from '../spec/io/load.ts';
import { type Implementation, targetOf } from './implementation.ts';
import { registerProperties, type RunSettings } from './register.ts';

export type { Adapter } from '../adapters/wire/adapter.ts';
export type { PropertyName } from '../properties/engine/campaign-types.ts';
export { NonconformanceError } from './failure.ts';
export type { CommandAdapter, Implementation } from './implementation.ts';
export type { RunSettings } from './register.ts';

/** What an implementation claims to be, and how it is checked. */
export interface ConformanceOptions extends RunSettings {
  /** The device: a contract, the name of one that ships with the package, or the path of a file. */
  readonly contract: Contract | string;
  /** What the implementation is called in the names of the tests. */
  readonly name?: string;
}

/**
 * Registers the properties with vitest, a test for each, for an implementation of a device that maps its buffer into user
 * space. Call it where `test` may be called. What fails is shown as an assertion: the clause, the shortest program that
 * breaks it, the difference, and what repeats it.
 *
 * @example conformance(() => new MyDevice(), { contract: 'lkmc_mmap' });
 * @example conformance({ command: 'python3', args: ['adapter.py'] }, { contract: 'my-device.json' });
 *
 * @throws ConformanceError of kind `usage` for a contract or a token that is none
 */
export function conformance(implementation: Implementation, options: ConformanceOptions): void {
  const { contract, name, ...settings } = options;
  registerProperties({
    ...settings,
    target: targetOf(implementation, name),
    contract: typeof contract === 'string' ? loadContract(contract) : checkContract(contract, 'the contract'),
    site: callSite(conformance),
  });
}

/** The stack above a function, without its first line. */
function callSite(above: (...args: never[]) => unknown): string {
  const holder = { stack: '' };
  Error.captureStackTrace(holder, above);
  return holder.stack.split('\n').slice(1).join('\n');
}
