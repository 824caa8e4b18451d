import { Session } from '../properties/engine/session.ts';
import { resolveTarget } from '../adapters/targets.ts';
import { formatTable } from '../reports/format.ts';
import { listContracts, loadContract } from '../spec/io/load.ts';
import { modelSpeed } from './model.ts';
import { formatSpread, spreadOf } from './statistics.ts';
import { makeWorkload } from './workload.ts';

/** Operations of a program. */
const LENGTHS = [10, 20, 50, 100, 200, 500];

/** Operations in each round, so that short and long programs are measured equally long. */
const OPERATIONS = 20_000;

/** The model's speed and the generator's, in operations per second on one core, over the length of programs. Needs no guest. */
export async function measureGrowth(rounds: number, seed: number): Promise<void> {
  const target = await resolveTarget('reference').prepare({ onProgress: console.error });
  for (const name of listContracts()) {
    const contract = loadContract(name);
    const session = await Session.open(target, contract);
    const rows = LENGTHS.map((length) => {
      const models: number[] = [];
      const generators: number[] = [];
      const count = Math.ceil(OPERATIONS / length);
      // Round 0 only warms up.
      for (let round = 0; round <= rounds; round++) {
        const begun = performance.now();
        const workload = makeWorkload(session, seed, count, round * count, { shortest: length, longest: length });
        const generator = workload.operations / ((performance.now() - begun) / 1000);
        const model = modelSpeed(workload, contract, session.profile);
        if (round === 0) continue;
        generators.push(generator);
        models.push(model);
      }
      return [String(length), formatSpread(spreadOf(models)), formatSpread(spreadOf(generators))];
    });
    await session.close();
    console.log(name);
    const head = ['operations in a program', 'model, per second', 'generator with its model, per second'];
    for (const line of formatTable([head, ...rows])) console.log(line);
    console.log('');
  }
}
