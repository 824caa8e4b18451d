import { inProcessSimulator } from '../../adapters/simulator/in-process.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { alwaysReady } from '../../adapters/wire/always-ready.ts';
import { registerProperties } from '../../api/register.ts';
import { listContracts, loadContract } from '../../spec/io/load.ts';

/** Few: the command line runs more. These are for watch mode and editors: `npx vitest --project fast -t 'memfd.*lockstep'`. */
const RUNS = 40;

for (const target of [alwaysReady(inProcessSimulator({})), resolveTarget('memfd')]) {
  for (const contract of listContracts()) {
    registerProperties({ target, contract: loadContract(contract), numRuns: RUNS, site: '' });
  }
}
