import { readdir, readFile } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Outcome } from '../../spec/observation.ts';
import type { Setting } from '../../spec/program.ts';
import { type Answer, type Event, PROTOCOL_VERSION } from '../../spec/protocol.ts';
import { buildHelper } from '../../adapters/native/build.ts';
import { type HelperProcess, startHelper } from './helper-process.ts';

const BUILD_TIMEOUT_MS = 120_000;

/** The builds that every test runs against. */
export const VARIANTS = ['static', 'sanitized'] as const;

/** The childrenof a process, from the kernel's own list. */
export async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${String(pid)}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${String(pid)}/task/${task}/children`, 'utf8')));
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** A fresh helper with memfds for each test of a suite. */
export interface HelperFixture {
  readonly binary: string;
  readonly helper: HelperProcess;
  /** The answer to `start`. */
  readonly started: Event;
  configure(contract: object): Promise<Event>;
  /** Runs programs one after the other in one batch and returns their answers. */
  run(...programs: readonly (readonly object[])[]): Promise<Answer[]>;
  /** Runs one program under limits. */
  runUnder(setting: Setting, ops: readonly object[]): Promise<Answer>;
  /** Configures, runs one program, and returns the outcomes of its operations. */
  outcomes(contract: object, ops: readonly object[]): Promise<Outcome[]>;
}

/** The outcomes of the operations of a program that was observed; none of any other. */
export function outcomesOf(answer: Answer | undefined): Outcome[] {
  expect(answer).toMatchObject({ result: 'observed', end: { outcome: { ret: 0 } } });
  return answer !== undefined && 'steps' in answer ? answer.steps.map((step) => step.outcome) : [];
}

/** Starts a helper before each test of the suite that calls this, and looks at its log afterwards. */
export function useHelper(variant: (typeof VARIANTS)[number]): HelperFixture {
  let binary = '';
  let helper: HelperProcess | undefined;
  let started: Event | undefined;
  let seq = 0;

  beforeAll(async () => {
    binary = await buildHelper({ variant });
  }, BUILD_TIMEOUT_MS);

  beforeEach(async () => {
    helper = startHelper(binary, ['--memfd']);
    helper.send({ cmd: 'start', version: PROTOCOL_VERSION });
    started = await helper.next();
    expect(started).toMatchObject({ event: 'started', levels: ['outcome'] });
  });

  afterEach(async () => {
    const end = await helper?.finish();
    expect(end?.log).not.toContain('Sanitizer');
    expect(end?.log).not.toContain('runtime error');
  });

  const running = (): HelperProcess => {
    if (helper === undefined) throw new Error('the helper runs only during a test');
    return helper;
  };
  const send = async (programs: readonly object[]): Promise<Answer[]> => {
    running().send({ cmd: 'run', seq: ++seq, programs });
    const answers: Answer[] = [];
    for (let index = 0; index < programs.length; index++) {
      const answer = await running().next();
      expect(answer).toMatchObject({ seq, index });
      if ('result' in answer) answers.push(answer);
    }
    return answers;
  };

  return {
    get binary() {
      return binary;
    },
    get helper() {
      return running();
    },
    get started() {
      if (started === undefined) throw new Error('the helper runs only during a test');
      return started;
    },
    configure: async (contract) => {
      running().send({ cmd: 'configure', seq: ++seq, contract, levels: ['outcome'] });
      return await running().next();
    },
    run: async (...programs) => await send(programs.map((ops) => ({ version: 2, ops }))),
    runUnder: async (setting, ops) => {
      const [answer] = await send([{ version: 2, setting, ops }]);
      if (answer === undefined) throw new Error('no answer');
      return answer;
    },
    async outcomes(contract, ops) {
      expect(await this.configure(contract)).toMatchObject({ ok: true, regular: true });
      const [answer] = await this.run(ops);
      return outcomesOf(answer);
    },
  };
}
