import type { Contract } from '../spec/contract.ts';
import { exampleOf, programAround } from '../spec/examples.ts';
import { kernelProfile } from '../spec/kernel.ts';
import type { Level } from '../spec/observation.ts';
import { FAILURE_OF, type Operation, type OperationName, type Program } from '../spec/program.ts';
import { type Answer, type Command, type Configured, PROTOCOL_VERSION, type Started } from '../spec/protocol.ts';
import type { Target } from '../spec/target.ts';
import { messageOf } from '../spec/errors.ts';
import { AdapterConversation, Broken, type Finding } from './adapter-conversation.ts';
import { misfit } from './answer-fit.ts';
import { checkProgram } from './check.ts';

/** How long an adapter may take to end after `stop`, or after the end of its input, in milliseconds. */
const ENDING_MS = 5000;

/** As long as a connection waits before it kills, in milliseconds. */
const GRACE_MS = 2000;

/** How long is waited for what nothing asked for, in milliseconds. */
const QUIET_MS = 300;

/** Lines that are no commands; each is answered with `refused`, and changes nothing. */
const NONSENSE = ['this is no JSON', '[]', '{"cmd":"dance"}', '{"cmd":"run","seq":1,"programs":[]}'];

/** What a check found. */
export interface AdapterReport {
  /** What the adapter said of itself; undefined if it never did. */
  readonly started: Started | undefined;
  /** What is wrong with it. */
  readonly problems: readonly Finding[];
  /** What is worth knowing, and allowed. */
  readonly notes: readonly string[];
  /** Programs that it was sent and answered. */
  readonly programs: number;
  /** Why the check could not go on to its end: the adapter does not start, or broke. */
  readonly broken: string | undefined;
}

export interface AdapterCheckOptions {
  readonly target: Target;
  readonly contracts: readonly Contract[];
  readonly silenceMs: number;
  readonly onStage: (stage: string) => void;
}

/** Talks to an adapter about everything once, and says all that is wrong with what it answers. */
export async function checkAdapter(options: AdapterCheckOptions): Promise<AdapterReport> {
  const check = new AdapterCheck(options);
  await check.run();
  return check;
}

class AdapterCheck implements AdapterReport {
  readonly problems: Finding[] = [];
  readonly notes: string[] = [];
  started: Started | undefined;
  programs = 0;
  broken: string | undefined;
  #seq = 0;
  #compared = 0;
  #disagreeing: string[] = [];
  readonly #options: AdapterCheckOptions;

  constructor(options: AdapterCheckOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { contracts } = this.#options;
    await this.#stage('start', (talk) => this.#handshake(talk));
    if (this.started === undefined) return;
    await this.#stage('another version', (talk) => this.#anotherVersion(talk));
    await this.#stage('nonsense', (talk) => this.#nonsense(talk));
    let served = 0;
    for (const contract of contracts) {
      await this.#stage(`contract ${contract.name}`, async (talk) => {
        if (await this.#contract(talk, contract)) served++;
      });
    }
    if (served === 0 && this.problems.length === 0) {
      const names = contracts.map(({ name }) => name).join(', ');
      this.#problem(
        'configure',
        `It serves none of the contracts ${names}, so there is nothing that could be checked.`,
      );
    }
    await this.#stage('stop', (talk) => this.#stop(talk));
    await this.#stage('end of input', (talk) => this.#endOfInput(talk));
    if (this.#compared > 0) {
      const agreeing = this.#compared - this.#disagreeing.length;
      this.notes.push(
        `${String(agreeing)} of ${String(this.#compared)} of these programs yield what the reference model yields; \`run\` looks into that.`,
      );
      if (this.#disagreeing.length > 0) this.notes.push(`The others are about: ${this.#disagreeing.join(', ')}.`);
    }
  }

  /** Each stage has an instance of its own, so that one that breaks does not hide what others would show. */
  async #stage(name: string, work: (talk: AdapterConversation) => Promise<void>): Promise<void> {
    this.#options.onStage(name);
    let talk: AdapterConversation | undefined;
    try {
      talk = await AdapterConversation.open(this.#options.target, this.#options.silenceMs, (finding) => {
        this.problems.push(finding);
      });
      await work(talk);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      this.broken ??= `${name}: ${error.message}`;
    } finally {
      talk?.kill();
    }
  }

  #problem(about: string, message: string): void {
    this.problems.push({ about, message });
  }

  async #handshake(talk: AdapterConversation): Promise<void> {
    const sent = talk.send({ cmd: 'start', version: PROTOCOL_VERSION });
    const { event, line } = await talk.next('start', sent);
    if (event === undefined) return;
    if (!('event' in event) || event.event !== 'started') {
      const refused =
        'event' in event && event.event === 'refused'
          ? `It refused version ${String(PROTOCOL_VERSION)} of the protocol`
          : 'It did not answer with `started`';
      talk.note('start', `${refused}: a target for this release of the suite speaks this version.`, sent, line);
      return;
    }
    this.started = event;
    const more = await talk.saysMore(QUIET_MS);
    if (more !== undefined) talk.note('start', 'It sent a second line, which nothing had asked for.', sent, more);
  }

  async #anotherVersion(talk: AdapterConversation): Promise<void> {
    await this.#refuses(talk, 'version', { cmd: 'start', version: 999 }, 'a version that it does not speak');
    await this.#begin(talk, 'version');
  }

  async #nonsense(talk: AdapterConversation): Promise<void> {
    await this.#begin(talk, 'nonsense');
    for (const line of NONSENSE)
      await this.#refuses(talk, 'nonsense', line, 'a line that is no command that it could follow');
    // It still listens.
    await this.#begin(talk, 'nonsense');
  }

  async #refuses(talk: AdapterConversation, about: string, command: Command | string, what: string): Promise<void> {
    const sent = talk.send(command);
    const { event, line } = await talk.next(about, sent);
    if (event === undefined || ('event' in event && event.event === 'refused')) return;
    talk.note(about, `It answered ${what} with something else than \`refused\`.`, sent, line);
  }

  /** Starts; what `started` says is known by now. */
  async #begin(talk: AdapterConversation, about: string): Promise<void> {
    const sent = talk.send({ cmd: 'start', version: PROTOCOL_VERSION });
    const { event, line } = await talk.next(about, sent);
    if (event !== undefined && 'event' in event && event.event === 'started') return;
    if (event !== undefined)
      talk.note(about, 'It did not answer `start` with `started` any more: a refusal changes nothing.', sent, line);
    throw new Broken('It did not answer `start` with `started`.');
  }

  /** @returns whether the contract is one that it serves */
  async #contract(talk: AdapterConversation, contract: Contract): Promise<boolean> {
    const { started } = this;
    if (started === undefined) return false;
    await this.#begin(talk, 'start');
    const configured = await this.#configure(talk, contract, started.levels);
    if (configured === undefined) return false;
    if (!configured.ok) {
      this.notes.push(`It does not serve the contract ${contract.name}: ${configured.message}`);
      return false;
    }
    const asked = { contract, levels: started.levels, configured };
    const has = new Set<string>(started.operations);
    const all = { talk, asked };
    await this.#operations(all, has, started);
    await this.#claims(all, has, started);
    await this.#cleanState(all, has);
    await this.#pipeline(all, has);
    await this.#fewerLevels(talk, contract, has);
    return true;
  }

  async #configure(
    talk: AdapterConversation,
    contract: Contract,
    levels: readonly Level[],
  ): Promise<Configured | undefined> {
    const seq = ++this.#seq;
    const sent = talk.send({ cmd: 'configure', seq, contract, levels: [...levels] });
    const { event, line } = await talk.next('configure', sent);
    if (event === undefined) return undefined;
    if (!('event' in event) || event.event !== 'configured') {
      talk.note('configure', 'It did not answer `configure` with `configured`.', sent, line);
      return undefined;
    }
    if (event.seq !== seq)
      talk.note(
        'configure',
        `The answer has seq ${String(event.seq)}, not the ${String(seq)} of the command.`,
        sent,
        line,
      );
    if (!event.ok && event.message.trim() === '')
      talk.note('configure', 'It refuses the contract without a sentence that says why.', sent, line);
    return event;
  }

  /** Every operation that it claims, once; `levels` have to be delivered by at least one of them. */
  async #operations({ talk, asked }: Talk, has: ReadonlySet<string>, started: Started): Promise<void> {
    const programs = started.operations.map((name): [OperationName, Program] => {
      // Some leave something to be seen only where memory was touched, and a checkpoint observes the layout.
      const touch = name === 'store' ? [] : [exampleOf('store')];
      return [name, programAround([...touch, exampleOf(name), exampleOf('checkpoint')], has)];
    });
    const seen = new Set<string>();
    for (const [name, program] of programs) {
      const answer = await this.#ask(talk, name, program, asked);
      if (answer?.result === 'skipped') {
        this.#problem(
          name,
          `It claims the operation \`${name}\`, but skips a program with it (“${answer.reason}”): the operation must not stand in \`started\`, or the program be run.`,
        );
      }
      if (answer?.result !== 'observed') continue;
      for (const observation of [...answer.steps, answer.end])
        for (const key of Object.keys(observation)) seen.add(key);
      this.#compare(name, program, answer, asked);
    }
    for (const level of ['layout', 'frames', 'callbacks'] as const) {
      const canShow =
        level === 'callbacks' ? (asked.contract.log?.callbacks.length ?? 0) > 0 : has.has('mmap') && has.has('store');
      if (!started.levels.includes(level) || seen.has(level) || !canShow || !has.has('open')) continue;
      this.#problem(
        level,
        `It claims the level \`${level}\`, but none of its answers has \`${level}\`, though there was something to see: it has to observe it, or the level must not stand in \`started\`.`,
      );
    }
  }

  /** Limits, flags, failures and repetitions that it claims, each once. */
  async #claims({ talk, asked }: Talk, has: ReadonlySet<string>, started: Started): Promise<void> {
    const map = exampleOf('mmap');
    const programs: [string, Program][] = [
      ...started.settings.map((name): [string, Program] => [
        `limit ${name}`,
        { ...programAround([map], has), setting: { [name]: 8 } },
      ]),
      ...(has.has('mmap')
        ? started.mapFlags.map((flag): [string, Program] => [
            `flag ${flag}`,
            programAround([{ ...map, flags: [flag] } as Operation], has),
          ])
        : []),
      ...started.failures.flatMap((what): [string, Program][] => {
        const name = [...FAILURE_OF].find(([operation, failure]) => failure === what && has.has(operation))?.[0];
        return name === undefined
          ? []
          : [[`failing ${what}`, programAround([{ ...exampleOf(name), fail: { what, nth: 1 } } as Operation], has)]];
      }),
    ];
    for (const [about, program] of programs) {
      const answer = await this.#ask(talk, about, program, asked);
      if (answer?.result === 'skipped')
        this.#problem(
          about,
          `It claims this, but skips a program with it (“${answer.reason}”): it must not stand in \`started\`.`,
        );
    }
    if (started.repeat) await this.#ask(talk, 'repeat', programAround([], has), { ...asked, repeat: 2 });
  }

  /** A program that leaves everything behind in between must not change what another one sees. */
  async #cleanState({ talk, asked }: Talk, has: ReadonlySet<string>): Promise<void> {
    const look = programAround([exampleOf('read'), exampleOf('load'), exampleOf('checkpoint')], has);
    const written = { text: 'left', length: 4 };
    const leave = programAround(
      [
        { op: 'write', actor: 'p0', fd: 'd0', data: written },
        { op: 'store', actor: 'p0', at: { map: 'm0', offset: 0 }, data: written },
        { ...exampleOf('open'), to: 'd5' } as Operation,
        exampleOf('mmap'),
        exampleOf('fork'),
      ],
      has,
    );
    const before = await this.#ask(talk, 'clean state', look, asked);
    await this.#ask(talk, 'clean state', leave, asked);
    const after = await this.#ask(talk, 'clean state', look, asked);
    if (before?.result !== 'observed' || after?.result !== 'observed') return;
    for (const [index, op] of look.ops.entries()) {
      const [one, other] = [before.steps[index], after.steps[index]].map((step) => JSON.stringify(step));
      if (one === other) continue;
      this.#problem(
        'clean state',
        `A program saw what an earlier one had left behind: \`${op.op}\` (operation ${String(index)}) yielded ${one ?? ''} before and ${other ?? ''} after another program. Every program starts with nothing open or mapped, and a new buffer.`,
      );
      return;
    }
  }

  /** Several batches at once, one of them empty: answers come in order, and only where there is a program. */
  async #pipeline({ talk, asked }: Talk, has: ReadonlySet<string>): Promise<void> {
    const program = programAround([], has);
    const batches = [[program, program], [], [program]].map((programs) => ({ seq: ++this.#seq, programs }));
    for (const batch of batches) talk.send({ cmd: 'run', ...batch });
    for (const { seq, programs } of batches) {
      const sent = JSON.stringify({ cmd: 'run', seq, programs });
      for (const [index, one] of programs.entries())
        await this.#answer(talk, 'batches', sent, { seq, index }, one, asked);
    }
    const more = await talk.saysMore(QUIET_MS);
    if (more !== undefined) {
      talk.note(
        'batches',
        'It sent a line that nothing had asked for: each program is answered once, and a batch without programs not at all.',
        undefined,
        more,
      );
      throw new Broken('It sends more than it was asked for.');
    }
  }

  /** What was not asked for is not told. */
  async #fewerLevels(talk: AdapterConversation, contract: Contract, has: ReadonlySet<string>): Promise<void> {
    const configured = await this.#configure(talk, contract, ['outcome']);
    if (configured?.ok !== true) return;
    const asked = { contract, levels: ['outcome' as const], configured };
    const answer = await this.#ask(talk, 'levels', programAround([exampleOf('checkpoint')], has), asked);
    if (answer?.result !== 'observed') return;
    const told = [...answer.steps, answer.end].flatMap((step) => Object.keys(step));
    const extra = (['layout', 'frames', 'callbacks'] as const).filter((level) => told.includes(level));
    if (extra.length > 0)
      this.#problem(
        'levels',
        `It was asked for the level \`outcome\` only, and answered with ${extra.join(', ')} besides.`,
      );
  }

  async #stop(talk: AdapterConversation): Promise<void> {
    await this.#begin(talk, 'stop');
    const sent = talk.send({ cmd: 'stop' });
    const { event, line } = await talk.next('stop', sent);
    if (event !== undefined && !('event' in event && event.event === 'stopped'))
      talk.note('stop', 'It did not answer `stop` with `stopped`.', sent, line);
    if (!(await talk.ends(ENDING_MS)))
      talk.note('stop', `It still ran ${String(ENDING_MS / 1000)} s after it had been told to stop.`, sent);
  }

  async #endOfInput(talk: AdapterConversation): Promise<void> {
    await this.#begin(talk, 'end of input');
    const begun = performance.now();
    // What it says meanwhile is read, or its output would seem not to end.
    await Promise.all([talk.close(), talk.saysMore(GRACE_MS)]);
    if (performance.now() - begun < GRACE_MS + QUIET_MS) return;
    const seconds = String(GRACE_MS / 1000);
    this.#problem(
      'end of input',
      `It still ran ${seconds} s after its standard input had ended: it must not outlive the suite.`,
    );
  }

  /** Runs one program. */
  async #ask(talk: AdapterConversation, about: string, program: Program, asked: Asked): Promise<Answer | undefined> {
    const seq = ++this.#seq;
    const sent = talk.send({
      cmd: 'run',
      seq,
      programs: [program],
      ...(asked.repeat !== undefined && { repeat: asked.repeat }),
    });
    return this.#answer(talk, about, sent, { seq, index: 0 }, program, asked);
  }

  async #answer(
    talk: AdapterConversation,
    about: string,
    sent: string,
    due: { seq: number; index: number },
    program: Program,
    { levels, repeat }: Asked,
  ): Promise<Answer | undefined> {
    const { event, line } = await talk.next(about, sent);
    this.programs++;
    if (event === undefined) return undefined;
    if (!('result' in event)) {
      const refused = event.event === 'refused' ? ` (“${event.message}”)` : '';
      talk.note(about, `It answered a program with \`${event.event}\`${refused} instead of a result.`, sent, line);
      return undefined;
    }
    if (event.seq !== due.seq || event.index !== due.index) {
      const wanted = `seq ${String(due.seq)} and index ${String(due.index)}`;
      talk.note(
        about,
        `The answer has seq ${String(event.seq)} and index ${String(event.index)}, where ${wanted} are due: each program is answered once, in its order.`,
        sent,
        line,
      );
      throw new Broken('Its answers do not belong to what it was asked.');
    }
    if (event.result === 'errored') talk.note(about, `It could not run the program: ${event.message}`, sent, line);
    const problem = misfit(program, event, { levels, repeat });
    if (problem !== undefined) talk.note(about, problem, sent, line);
    return problem === undefined ? event : undefined;
  }

  /** Lays what was observed beside the model: that is no part of the check, but worth knowing. */
  #compare(name: string, program: Program, answer: Answer & { result: 'observed' }, asked: Asked): void {
    const { contract, levels, configured } = asked;
    if (this.started === undefined) return;
    try {
      const kernel = kernelProfile(this.started, configured);
      this.#compared++;
      const verdict = checkProgram(program, answer, { contract, kernel, levels });
      if (verdict !== undefined && !('unpredictable' in verdict))
        this.#disagreeing.push(`${name} (${contract.name}, ${verdict.clause})`);
    } catch (error) {
      this.#problem('start', messageOf(error));
    }
  }
}

interface Asked {
  readonly contract: Contract;
  readonly levels: readonly Level[];
  readonly configured: Configured & { ok: true };
  readonly repeat?: number;
}

interface Talk {
  readonly talk: AdapterConversation;
  readonly asked: Asked;
}
