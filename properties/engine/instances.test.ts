import { describe, expect, it } from 'vitest';
import { inProcessSimulator } from '../../adapters/simulator/in-process.ts';
import { resolveTarget } from '../../adapters/targets.ts';
import { ConformanceError } from '../../spec/errors.ts';
import type { JournalEntry } from '../../spec/journal.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { type Tried, tryCampaign } from '../../tools/testing/try-campaign.ts';
import { prepared } from '../../tools/testing/prepared.ts';
import { watchTarget } from '../../tools/testing/watched-target.ts';

/** What a run found, without what its clocks say. */
function findings({ entries }: Tried): JournalEntry[] {
  return entries.map((entry) => {
    if (entry.type === 'result') return { ...entry, durationMs: 0 };
    return entry.type === 'counterexample' ? { ...entry, shrinkMs: 0 } : entry;
  });
}

/** How often each program was sent. */
function timesSent(programs: readonly string[]): Map<string, number> {
  return new Map(
    Object.entries(Object.groupBy(programs, (program) => program)).map(([text, all]) => [text, all?.length ?? 0]),
  );
}

describe('several instances', () => {
  it('run every program once, and find what one instance finds', async () => {
    const sim = await prepared(resolveTarget('sim'));
    const [one, three] = [watchTarget(sim), watchTarget(sim)];
    const alone = await tryCampaign(one.target, 'pages_mmap', ['corpus', 'lockstep'], 400);
    const together = await tryCampaign(three.target, 'pages_mmap', ['corpus', 'lockstep'], 400, { jobs: 3 });
    expect(findings(together)).toEqual(findings(alone));
    expect(three.instances.map(({ isGone }) => isGone)).toEqual([true, true, true]);
    expect(Math.min(...three.instances.map(({ programs }) => programs.length))).toBeGreaterThan(50);
    const sent = three.instances.flatMap(({ programs }) => programs);
    expect(sent.toSorted()).toEqual(one.instances.flatMap(({ programs }) => programs).toSorted());
  });

  it('find the same counterexamples in a wrong target as one instance', async () => {
    const target = inProcessSimulator({ mutant: 'write-honours-position' });
    // No time for shrinking, so that what is found does not depend on how fast this machine is.
    const options = { shrinkMs: 0 };
    const alone = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 100, options);
    const together = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 100, { ...options, jobs: 3 });
    expect(findings(together)).toEqual(findings(alone));
    expect(together.counterexamples.length).toBeGreaterThan(0);
    expect(together.results.map(({ verdict }) => verdict)).toEqual(['fail']);
  });

  it('are as many as the target is best run with, but no more than have something to do', async () => {
    const { target, instances } = watchTarget({ ...inProcessSimulator({}), instances: 64 });
    await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 3);
    expect(instances.map(({ programs }) => programs.length)).toEqual([1, 1, 1]);
  });

  it('an instance that is killed is replaced, and only its programs run again', async () => {
    const answers = 40;
    const { target, instances } = watchTarget(inProcessSimulator({}), { instance: 1, answers });
    const { results, entries } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 300, { jobs: 2 });
    const [, killed] = instances;
    expect(instances).toHaveLength(3);
    expect(results).toMatchObject([{ verdict: 'errored', programs: 300, verdicts: { pass: 299, errored: 1 } }]);
    expect(entries.filter(({ type }) => type === 'trouble')).toMatchObject([
      { message: expect.stringContaining('killed by the test') as string, program: {} },
    ]);
    const sent = timesSent(instances.flatMap(({ programs }) => programs));
    const again = [...sent].filter(([, times]) => times > 1);
    expect(again).toEqual(killed?.programs.slice(answers).map((program) => [program, 2]));
    expect(sent.size).toBe(300);
  });

  it.each([
    ['starting', resolveTarget('sim')],
    ['checking', resolveTarget('sim')],
    ['shrinking', inProcessSimulator({ mutant: 'write-honours-position' })],
  ] as const)('none is left when the run is aborted while %s', async (stage, watched) => {
    const { target, instances } = watchTarget(await prepared(watched));
    const controller = new AbortController();
    const { entries } = await tryCampaign(target, 'lkmc_mmap', ['lockstep', 'balance'], 5000, {
      jobs: 3,
      signal: controller.signal,
      onProgress: (now) => {
        if (now.stage === stage) controller.abort(new Error('aborted by the test'));
      },
    });
    expect(entries).toMatchObject([
      { type: 'target' },
      { type: 'result', property: 'lockstep', verdict: 'incomplete' },
      { type: 'result', property: 'balance', verdict: 'incomplete' },
      { type: 'coverage' },
    ]);
    await expect.poll(() => instances.map(({ isGone }) => isGone)).toEqual(instances.map(() => true));
  });

  it('one that cannot be started is an error of the target, and the others are ended', async () => {
    const { target, instances } = watchTarget(inProcessSimulator({}));
    let started = 0;
    const scarce: ReadyTarget = {
      ...target,
      connect: (signal) => {
        if (++started > 1) throw new ConformanceError('target', 'full', 'there is only one');
        return target.connect(signal);
      },
    };
    const { results } = await tryCampaign(scarce, 'lkmc_mmap', ['lockstep'], 100, { jobs: 2 });
    expect(results).toMatchObject([{ verdict: 'errored', message: 'there is only one' }]);
    await expect.poll(() => instances.map(({ isGone }) => isGone)).toEqual([true]);
  });
});
