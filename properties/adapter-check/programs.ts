import type { Contract } from '../../spec/contract.ts';
import { messageOf } from '../../spec/errors.ts';
import { exampleOf, programAround } from '../../spec/examples.ts';
import { kernelProfile } from '../../spec/kernel.ts';
import { fieldOf, type Level, SHOWN_LEVELS } from '../../spec/observation.ts';
import { FAILURE_OF, type Operation, type OperationName, type Program } from '../../spec/program.ts';
import type { Answer, Configured, Started } from '../../spec/protocol.ts';
import { misfit } from '../judge/answer-fit.ts';
import { checkProgram } from '../judge/compare.ts';
import { configure, QUIET_MS } from './commands.ts';
import { type AdapterConversation, Broken } from './conversation.ts';

/** What it is asked for. */
interface Asked {
  readonly levels: readonly Level[];
  readonly configured: Configured & { ok: true };
  readonly repeat?: number;
}

/** Asks an adapter that serves a contract for each kind of program once. */
export class ContractConversation {
  /** Programs that were answered. */
  programs = 0;
  /** Those that were laid beside the model, and what those are about that differ from it. */
  compared = 0;
  readonly differing: string[] = [];
  readonly #talk: AdapterConversation;
  readonly #contract: Contract;
  readonly #started: Started;
  /** The operations that it claims. */
  readonly #has: ReadonlySet<string>;
  readonly #asked: Asked;

  /** `configured` is what it answered, all its levels asked for. */
  constructor(
    talk: AdapterConversation,
    contract: Contract,
    { started, configured }: { readonly started: Started; readonly configured: Configured & { ok: true } },
  ) {
    this.#talk = talk;
    this.#contract = contract;
    this.#started = started;
    this.#has = new Set(started.operations);
    this.#asked = { levels: started.levels, configured };
  }

  /** @throws Broken when it cannot go on */
  async run(): Promise<void> {
    await this.#operations();
    await this.#claims();
    await this.#cleanState();
    await this.#pipeline();
    await this.#fewerLevels();
  }

  /** Every operation that it claims, once; `levels` have to be delivered by at least one of them. */
  async #operations(): Promise<void> {
    const programs = this.#started.operations.map((name): [OperationName, Program] => {
      // Some leave something to be seen only where memory was touched, and a checkpoint observes the layout.
      const touch = name === 'store' ? [] : [exampleOf('store')];
      return [name, this.#around([...touch, exampleOf(name), exampleOf('checkpoint')])];
    });
    const seen = new Set<string>();
    for (const [name, program] of programs) {
      const answer = await this.#ask(name, program);
      if (answer?.result === 'skipped') {
        this.#talk.note(
          name,
          `It claims the operation \`${name}\`, but skips a program with it (“${answer.reason}”): the operation must not stand in \`started\`, or the program be run.`,
        );
      }
      if (answer?.result !== 'observed') continue;
      for (const observation of [...answer.steps, answer.end])
        for (const key of Object.keys(observation)) seen.add(key);
      this.#compare(name, program, answer);
    }
    for (const level of SHOWN_LEVELS) {
      const canShow =
        level === 'callbacks'
          ? (this.#contract.log?.callbacks.length ?? 0) > 0
          : this.#has.has('mmap') && this.#has.has('store');
      if (!this.#started.levels.includes(level) || seen.has(fieldOf(level)) || !canShow || !this.#has.has('open'))
        continue;
      this.#talk.note(
        level,
        `It claims the level \`${level}\`, but none of its answers has \`${level}\`, though there was something to see: it has to observe it, or the level must not stand in \`started\`.`,
      );
    }
  }

  /** Limits, flags, failures and repetitions that it claims, each once. */
  async #claims(): Promise<void> {
    const map = exampleOf('mmap');
    const programs: [string, Program][] = [
      ...this.#started.settings.map((name): [string, Program] => [
        `limit ${name}`,
        { ...this.#around([map]), setting: { [name]: 8 } },
      ]),
      ...(this.#has.has('mmap')
        ? this.#started.mapFlags.map((flag): [string, Program] => [
            `flag ${flag}`,
            this.#around([{ ...map, flags: [flag] } as Operation]),
          ])
        : []),
      ...this.#started.failures.flatMap((what): [string, Program][] => {
        const name = [...FAILURE_OF].find(([operation, failure]) => failure === what && this.#has.has(operation))?.[0];
        return name === undefined
          ? []
          : [[`failing ${what}`, this.#around([{ ...exampleOf(name), fail: { what, nth: 1 } } as Operation])]];
      }),
    ];
    for (const [about, program] of programs) {
      const answer = await this.#ask(about, program);
      if (answer?.result === 'skipped')
        this.#talk.note(
          about,
          `It claims this, but skips a program with it (“${answer.reason}”): it must not stand in \`started\`.`,
        );
    }
    if (this.#started.repeat) await this.#ask('repeat', this.#around([]), { ...this.#asked, repeat: 2 });
  }

  /** A program that leaves everything behind in between must not change what another one sees. */
  async #cleanState(): Promise<void> {
    const look = this.#around([exampleOf('read'), exampleOf('load'), exampleOf('checkpoint')]);
    const written = { text: 'left', length: 4 };
    const leave = this.#around([
      { op: 'write', actor: 'p0', fd: 'd0', data: written },
      { op: 'store', actor: 'p0', at: { map: 'm0', offset: 0 }, data: written },
      { ...exampleOf('open'), to: 'd5' } as Operation,
      exampleOf('mmap'),
      exampleOf('fork'),
    ]);
    const before = await this.#ask('clean state', look);
    await this.#ask('clean state', leave);
    const after = await this.#ask('clean state', look);
    if (before?.result !== 'observed' || after?.result !== 'observed') return;
    for (const [index, op] of look.ops.entries()) {
      const [one, other] = [before.steps[index], after.steps[index]].map((step) => JSON.stringify(step));
      if (one === other) continue;
      this.#talk.note(
        'clean state',
        `A program saw what an earlier one had left behind: \`${op.op}\` (operation ${String(index)}) yielded ${one ?? ''} before and ${other ?? ''} after another program. Every program starts with nothing open or mapped, and a new buffer.`,
      );
      return;
    }
  }

  /** Several batches at once, one of them empty: answers come in order, and only where there is a program. */
  async #pipeline(): Promise<void> {
    const program = this.#around([]);
    const batches = [[program, program], [], [program]].map((programs) => ({ seq: this.#talk.nextSeq(), programs }));
    for (const batch of batches) this.#talk.send({ cmd: 'run', ...batch });
    for (const { seq, programs } of batches) {
      const sent = JSON.stringify({ cmd: 'run', seq, programs });
      for (const [index, one] of programs.entries()) await this.#answer('batches', sent, { seq, index }, one);
    }
    const more = await this.#talk.saysMore(QUIET_MS);
    if (more !== undefined) {
      this.#talk.note(
        'batches',
        'It sent a line that nothing had asked for: each program is answered once, and a batch without programs not at all.',
        undefined,
        more,
      );
      throw new Broken('It sends more than it was asked for.');
    }
  }

  /** What was not asked for is not told. */
  async #fewerLevels(): Promise<void> {
    const configured = await configure(this.#talk, this.#contract, ['outcome']);
    if (configured?.ok !== true) return;
    const asked = { levels: ['outcome' as const], configured };
    const answer = await this.#ask('levels', this.#around([exampleOf('checkpoint')]), asked);
    if (answer?.result !== 'observed') return;
    const told = [...answer.steps, answer.end].flatMap((step) => Object.keys(step));
    const extra = SHOWN_LEVELS.filter((level) => told.includes(fieldOf(level)));
    if (extra.length > 0)
      this.#talk.note(
        'levels',
        `It was asked for the level \`outcome\` only, and answered with ${extra.join(', ')} besides.`,
      );
  }

  /** A program with these operations, and with what they need of what it has. */
  #around(operations: readonly Operation[]): Program {
    return programAround(operations, this.#has);
  }

  /** Runs one program. */
  async #ask(about: string, program: Program, asked = this.#asked): Promise<Answer | undefined> {
    const seq = this.#talk.nextSeq();
    const sent = this.#talk.send({
      cmd: 'run',
      seq,
      programs: [program],
      ...(asked.repeat !== undefined && { repeat: asked.repeat }),
    });
    return this.#answer(about, sent, { seq, index: 0 }, program, asked);
  }

  async #answer(
    about: string,
    sent: string,
    due: { seq: number; index: number },
    program: Program,
    { levels, repeat } = this.#asked,
  ): Promise<Answer | undefined> {
    const { event, line } = await this.#talk.next(about, sent);
    this.programs++;
    if (event === undefined) return undefined;
    if (!('result' in event)) {
      const refused = event.event === 'refused' ? ` (“${event.message}”)` : '';
      this.#talk.note(
        about,
        `It answered a program with \`${event.event}\`${refused} instead of a result.`,
        sent,
        line,
      );
      return undefined;
    }
    if (event.seq !== due.seq || event.index !== due.index) {
      const wanted = `seq ${String(due.seq)} and index ${String(due.index)}`;
      this.#talk.note(
        about,
        `The answer has seq ${String(event.seq)} and index ${String(event.index)}, where ${wanted} are due: each program is answered once, in its order.`,
        sent,
        line,
      );
      throw new Broken('Its answers do not belong to what it was asked.');
    }
    if (event.result === 'errored')
      this.#talk.note(about, `It could not run the program: ${event.message}`, sent, line);
    const problem = misfit(program, event, { levels, repeat });
    if (problem !== undefined) this.#talk.note(about, problem, sent, line);
    return problem === undefined ? event : undefined;
  }

  /** Lays what was observed beside the model: that is no part of the check, but worth knowing. */
  #compare(name: string, program: Program, answer: Answer & { result: 'observed' }): void {
    const contract = this.#contract;
    const { levels, configured } = this.#asked;
    try {
      const kernel = kernelProfile(this.#started, configured);
      this.compared++;
      const verdict = checkProgram(program, answer, { contract, kernel, levels });
      if (verdict === undefined || 'unpredictable' in verdict) return;
      this.differing.push(`${name} (${contract.name}, ${verdict.clause})`);
    } catch (error) {
      this.#talk.note('start', messageOf(error));
    }
  }
}
