import { describe, expect, it } from 'vitest';
import { tryCampaign } from '../../tools/testing/try-campaign.ts';
import type { Program } from '../../spec/program.ts';
import { type Command, type Event, PROTOCOL_VERSION } from '../../spec/protocol.ts';
import {
  type Adapter,
  adapterTarget,
  type Configuration,
  type ContractRefused,
  type Introduction,
  type NodeFacts,
  type ProgramObservations,
  type ProgramSkipped,
  type RunOptions,
} from './adapter.ts';
import { Simulator } from '../simulator/simulator.ts';

/** The simulator behind the interface that objects of users have. */
class SimulatorAdapter implements Adapter {
  readonly #simulator = new Simulator();

  start(): Introduction {
    const started = this.#ask({ cmd: 'start', version: PROTOCOL_VERSION });
    if (!('event' in started) || started.event !== 'started') throw new Error('not started');
    const { implementation, levels, operations, settings, mapFlags, failures, kernel, facts } = started;
    return { implementation, levels, operations, settings, mapFlags, failures, kernel, facts };
  }

  configure({ contract, levels }: Configuration): NodeFacts | ContractRefused {
    const configured = this.#ask({ cmd: 'configure', seq: 1, contract, levels: [...levels] });
    if (!('ok' in configured) || !configured.ok) throw new Error('not configured');
    return { noexec: configured.noexec, regular: configured.regular };
  }

  run(program: Program, { everyLayout }: RunOptions): ProgramObservations | Promise<ProgramObservations> {
    const layout = everyLayout ? { layout: 'every' as const } : {};
    const answer = this.#ask({ cmd: 'run', seq: 1, programs: [program], ...layout });
    if (!('result' in answer) || answer.result !== 'observed') throw new Error('nothing observed');
    return { steps: answer.steps, end: answer.end };
  }

  #ask(command: Command): Event {
    const [event] = this.#simulator.handle(command);
    if (event === undefined) throw new Error('no answer');
    return event;
  }
}

const NAME = 'an object';

describe('an adapter in this process', () => {
  it('is checked as a target of its own; without `repeat` leaks are not looked for', async () => {
    const target = adapterTarget(NAME, () => new SimulatorAdapter());
    const { results, troubles } = await tryCampaign(target, 'lkmc_mmap', ['lockstep', 'failures', 'leak'], 30);
    expect(troubles).toEqual([]);
    expect(results.map(({ property, verdict }) => [property, verdict])).toEqual([
      ['lockstep', 'pass'],
      ['failures', 'pass'],
      ['leak', 'skipped'],
    ]);
  });

  it('may answer later', async () => {
    class Slow extends SimulatorAdapter {
      override async run(program: Program, options: RunOptions): Promise<ProgramObservations> {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return super.run(program, options);
      }
    }
    const { results } = await tryCampaign(
      adapterTarget(NAME, () => new Slow()),
      'lkmc_mmap',
      ['lockstep'],
      5,
    );
    expect(results).toMatchObject([{ verdict: 'pass', programs: 5 }]);
  });

  it('that throws while it runs a program is errored, with what it said', async () => {
    class Broken extends SimulatorAdapter {
      override run(): never {
        throw new Error('this device fell off the table');
      }
    }
    const target = adapterTarget(NAME, () => new Broken());
    const { results, troubles } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 3);
    expect(results).toMatchObject([{ verdict: 'errored', verdicts: { errored: 3, fail: 0 } }]);
    expect(troubles).toContain('this device fell off the table');
  });

  it('that skips programs is skipped, with the reason', async () => {
    const skip = (): ProgramSkipped => ({ skipped: 'not today' });
    const target = adapterTarget(NAME, () => {
      const adapter = new SimulatorAdapter();
      return {
        start: () => adapter.start(),
        configure: (configuration) => adapter.configure(configuration),
        run: skip,
      };
    });
    const { results, troubles } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 3);
    expect(results).toMatchObject([{ verdict: 'skipped' }]);
    expect(troubles).toContain('not today');
  });

  it('that is no such device is skipped, with its sentence', async () => {
    class Other extends SimulatorAdapter {
      override configure(): ContractRefused {
        return { refused: 'I am a printer.' };
      }
    }
    const target = adapterTarget(NAME, () => new Other());
    const { results } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 3);
    expect(results).toMatchObject([{ verdict: 'skipped', message: 'I am a printer.' }]);
  });

  it('that breaks while it is configured is errored', async () => {
    class Broken extends SimulatorAdapter {
      override configure(): never {
        throw new Error('out of paper');
      }
    }
    const target = adapterTarget(NAME, () => new Broken());
    const { results } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 3);
    expect(results).toMatchObject([{ verdict: 'errored', message: expect.stringContaining('out of paper') as string }]);
  });

  it('is told apart from one that is wrong', async () => {
    class Wrong extends SimulatorAdapter {
      override async run(program: Program, options: RunOptions): Promise<ProgramObservations> {
        const { steps, end } = await super.run(program, options);
        return { steps: steps.map((step) => ({ ...step, outcome: { ret: 0 } })), end };
      }
    }
    const target = adapterTarget(NAME, () => new Wrong());
    const { results } = await tryCampaign(target, 'lkmc_mmap', ['lockstep'], 10);
    expect(results).toMatchObject([{ verdict: 'fail' }]);
  });
});
