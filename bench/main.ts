/** `npm run bench`: reads what is to be measured, and has it measured. */
import { parseArgs } from 'node:util';
import { compareCheckouts } from './against.ts';
import { compareAlternatives } from './alternatives/compare.ts';
import { measureGrowth } from './growth.ts';
import { measureMemory } from './memory.ts';
import { compareWaysInGuest } from './ways-in-guest.ts';

const { values } = parseArgs({
  options: {
    /** Another checkout, which this one is compared with. */
    against: { type: 'string' },
    /** What a user would write instead. */
    alternatives: { type: 'boolean', default: false },
    /** The resident set of a long run. */
    memory: { type: 'boolean', default: false },
    /** Only the model and the generator, over the length of programs. */
    model: { type: 'boolean', default: false },
    target: { type: 'string', multiple: true },
    contract: { type: 'string', default: 'lkmc_mmap' },
    programs: { type: 'string', multiple: true },
    /** Programs of which the stages are measured with `--against`; 0: they are not. */
    'stage-programs': { type: 'string', default: '1500' },
    rounds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string' },
  },
});
const seed = Number(values.seed);
const roundsOr = (usual: number): number => (values.rounds === undefined ? usual : Number(values.rounds));

if (values.against !== undefined) {
  await compareCheckouts({
    other: values.against,
    targets: values.target ?? ['sim', 'memfd', 'kernel:6.12'],
    contract: values.contract,
    programs: (values.programs ?? ['3000', '40000']).map(Number),
    stagePrograms: Number(values['stage-programs']),
    rounds: roundsOr(4),
    seed,
    jobs: values.jobs,
  });
} else if (values.alternatives) {
  await compareAlternatives(roundsOr(6), seed);
} else if (values.memory) {
  await measureMemory(seed);
} else if (values.model) {
  await measureGrowth(roundsOr(16), seed);
} else {
  const programs = Number(values.programs?.[0] ?? '250');
  for (const target of values.target ?? ['kernel:6.12']) {
    await compareWaysInGuest({ target, programs, rounds: roundsOr(16), seed });
  }
}
