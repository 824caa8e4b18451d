import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alwaysReady } from '../adapters/wire/always-ready.ts';
import type { Campaign } from '../properties/engine/campaign-types.ts';
import { counterexample, failed, passed } from '../tools/testing/journal.ts';
import { readJournal } from '../reports/read-journal.ts';
import type { RunView } from '../reports/run-view.ts';
import { ConformanceError } from '../spec/errors.ts';
import { loadContract, loadProgramFile } from '../spec/io/load.ts';
import type { Target } from '../spec/ports/target.ts';
import { createProgress } from './progress.ts';
import { createRecorder } from './run-recorder.ts';
import { runTargets, type Run } from './run-targets.ts';

const never = (): never => {
  throw new Error('no test connects');
};
const target = (name: string, prepare?: () => Promise<never>): Target => {
  return prepare === undefined ? alwaysReady({ name, connect: never }) : { name, prepare };
};
const pass = (campaign: Campaign): Promise<void> => {
  campaign.write({ ...passed, target: campaign.target.name, contract: campaign.contract.name });
  return Promise.resolve();
};

/** Runs a session for `lockstep` in a new directory. */
async function run(options: Partial<Run> & { targets?: Target[] }) {
  const directory = mkdtempSync(join(tmpdir(), 'session-'));
  const path = join(directory, 'journal.jsonl');
  const recorder = createRecorder(path, directory, new Map());
  const plan: Run['plan'] = {
    targets: options.targets ?? [target('sim')],
    contracts: [loadContract('lkmc_mmap')],
    properties: ['lockstep'],
    seed: 1,
    programs: 10,
    shrinkMs: 1,
  };
  const progress = createProgress({ write: () => undefined });
  const signal = new AbortController().signal;
  let view: RunView | undefined;
  let error: unknown;
  try {
    view = await runTargets({ plan, recorder, progress, signal, runCampaign: pass, ...options });
  } catch (caught) {
    error = caught;
  }
  progress.stop();
  recorder.close();
  return { directory, view, error, journal: readJournal(path), recorder };
}

describe('runTargets', () => {
  it('passes when every target passes', async () => {
    const { journal } = await run({ targets: [target('sim'), target('memfd')] });
    expect(journal.footer).toMatchObject({ verdict: 'pass', exitCode: 0 });
  });

  it('reports a target that cannot be prepared, and still runs the others', async () => {
    const broken = target('board', () =>
      Promise.reject(new ConformanceError('target', 'gone', 'the board is gone', { hint: 'plug it in' })),
    );
    const { view, journal } = await run({ targets: [broken, target('sim')] });
    expect(view?.cells.map((cell) => cell.verdict)).toEqual(['errored', 'pass']);
    expect(view?.cells[0]?.results[0]?.message).toBe('the board is gone; plug it in');
    expect(journal.footer).toMatchObject({ verdict: 'errored', exitCode: 3 });
  });

  it('says that a target cannot exist with a usage error, and still writes a footer', async () => {
    const error = new ConformanceError('usage', 'no-kernel', 'there is no kernel 9.99');
    const result = await run({ targets: [target('kernel:9.99', () => Promise.reject(error))] });
    expect(result.error).toBe(error);
    expect(result.journal.footer).toMatchObject({ verdict: 'errored', exitCode: 2 });
  });

  it('finds a nonconformance, and keeps it as a program file that can be replayed', async () => {
    const runCampaign = (campaign: Campaign): Promise<void> => {
      campaign.write(counterexample);
      campaign.write(failed);
      return Promise.resolve();
    };
    const { journal, directory, recorder } = await run({ runCampaign });
    expect(journal.footer).toMatchObject({ verdict: 'fail', exitCode: 1 });
    expect(readdirSync(directory).sort()).toEqual(['counterexample-1.json', 'journal.jsonl']);
    const path = join(directory, 'counterexample-1.json');
    expect(loadProgramFile(path)).toMatchObject({ contract: 'lkmc_mmap', program: counterexample.program });
    expect(recorder.replayCommand(counterexample)).toMatch(new RegExp(`replay ${path} --target sim$`));
  });

  it('is incomplete when it was interrupted, whatever it found before', async () => {
    const controller = new AbortController();
    const runCampaign = async (campaign: Campaign): Promise<void> => {
      await pass(campaign);
      controller.abort();
    };
    const targets = [target('sim'), target('memfd')];
    const { view, journal } = await run({ runCampaign, signal: controller.signal, targets });
    expect(view?.cells.map((cell) => cell.verdict)).toEqual(['pass', 'incomplete']);
    expect(journal.footer).toMatchObject({ verdict: 'incomplete', exitCode: 3 });
  });

  it('counts a mistake of the harness against the run, never for it', async () => {
    const { view, journal } = await run({ runCampaign: () => Promise.reject(new Error('oh')) });
    expect(view?.cells[0]?.results[0]).toMatchObject({ verdict: 'errored', message: 'the harness broke: oh' });
    expect(journal.footer?.exitCode).toBe(3);
  });

  it('does not pass when everything was skipped', async () => {
    const runCampaign = (campaign: Campaign): Promise<void> => {
      campaign.write({ ...passed, verdict: 'skipped' });
      return Promise.resolve();
    };
    expect((await run({ runCampaign })).journal.footer).toMatchObject({ verdict: 'skipped', exitCode: 3 });
  });
});
