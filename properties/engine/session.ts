import type { Connection, ConnectionEnd } from '../../spec/ports/connection.ts';
import type { Contract } from '../../spec/contract.ts';
import { ConformanceError } from '../../spec/errors.ts';
import { type KernelProfile, kernelProfile } from '../../spec/kernel.ts';
import { type EncodedBytes, LEVELS, type Level } from '../../spec/observation.ts';
import type { Program } from '../../spec/program.ts';
import { type Answer, type Command, type Event, PROTOCOL_VERSION, type Started } from '../../spec/protocol.ts';
import { readEvent } from '../../spec/io/read-event.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';

/**
 * How long a target may be silent while an answer is due, in milliseconds: to `start`, to `configure`, and to the next program.
 */
export const SILENCE_MS = 30_000;

/** With less than that it has so many times as long for `start`: before, it has to be started. */
const STARTING_PATIENCE = 3;

/** So many times as long where it repeats programs, of which it says nothing before the last time. */
const REPEATING_PATIENCE = 6;

/** How long a target may live on after it has closed its output, in milliseconds. */
const MUTE_MS = 1000;

/** Characters of answers that are kept for batches that are not answered to their end. */
const HELD_MAX = 128 * 1024 * 1024;

/** Characters of a line that a message shows. */
const SHOWN = 200;

const ONLY_MESSAGES = 'Only messages of the protocol belong on standard output; logs belong on standard error.';

export interface SessionOptions {
  readonly signal?: AbortSignal;
  /** The levels to observe, of those that the target offers; all of these if absent. */
  readonly levels?: readonly Level[];
  /** How long the target may be silent while an answer is due, in milliseconds. */
  readonly silenceMs?: number;
}

export interface RunOptions {
  /** Observe the layout after every operation. */
  readonly everyLayout?: boolean;
  /** Run each program this often without observing it, and answer with the memory lost. */
  readonly repeat?: number;
}

/** The target ended, or stopped answering, while programs were under way. */
export class SessionEnded extends Error {
  /** `hang`: it was silent for too long; `garbage`: it broke the protocol. It has been killed then. */
  readonly reason: Ending['reason'];
  /** The answers that had arrived for the batch; the next program was the one under way. */
  readonly answers: readonly Answer[];
  /** Its last log lines. */
  readonly console: string;
  /** Whether it is the system under test that ended, so that it is a failure if it repeats. */
  readonly isOfSystem: boolean;

  constructor(
    { reason, message }: Ending,
    answers: readonly Answer[],
    { console, isOfSystem }: { console: string; isOfSystem: boolean },
  ) {
    super(message);
    this.name = 'SessionEnded';
    this.reason = reason;
    this.answers = answers;
    this.console = console;
    this.isOfSystem = isOfSystem;
  }
}

/** How a session came to its end. */
interface Ending {
  readonly reason: ConnectionEnd['reason'] | 'hang' | 'garbage';
  readonly message: string;
}

interface Batch {
  readonly seq: number;
  readonly size: number;
  readonly answers: Answer[];
  /** How long the target may be silent, in milliseconds. */
  readonly silence: number;
  /** Characters of the answers. */
  held: number;
  readonly resolve: (answers: Answer[]) => void;
  readonly reject: (error: SessionEnded) => void;
}

interface Waiter {
  readonly command: Command;
  readonly resolve: (event: Event) => void;
  readonly reject: (error: Error) => void;
}

/** A conversation with a target that is ready to run programs for one contract. */
export class Session {
  readonly connection: Connection;
  readonly contract: Contract;
  readonly #target: ReadyTarget;
  readonly #silenceMs: number;
  #answered = 0;
  #held = 0;
  #started: Started | undefined;
  #profile: KernelProfile | undefined;
  #levels: readonly Level[] = [];
  #seq = 0;
  readonly #batches: Batch[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #counters = new Map<string, EncodedBytes>();
  #ended: Ending | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** What the timer waits, in milliseconds. */
  #allowed: number | undefined;

  /** Connects, shakes hands, and configures all levels that the target observes (or only some). */
  static async open(target: ReadyTarget, contract: Contract, options: SessionOptions = {}): Promise<Session> {
    const { signal, silenceMs = SILENCE_MS, levels = LEVELS } = options;
    const connection = await target.connect(signal);
    const session = new Session(target, connection, contract, silenceMs);
    try {
      await session.#handshake(levels);
      return session;
    } catch (error) {
      session.kill();
      throw error;
    }
  }

  private constructor(target: ReadyTarget, connection: Connection, contract: Contract, silenceMs: number) {
    this.#target = target;
    this.connection = connection;
    this.contract = contract;
    this.#silenceMs = silenceMs;
    void this.#listen();
  }

  get started(): Started {
    if (this.#started === undefined) throw new Error('session: not started');
    return this.#started;
  }

  get profile(): KernelProfile {
    if (this.#profile === undefined) throw new Error('session: not configured');
    return this.#profile;
  }

  /** The levels that are observed. */
  get levels(): readonly Level[] {
    return this.#levels;
  }

  /** What its kernel counted in drivers up to the last command that was answered to its end, by file; it goes on changing. */
  get counters(): ReadonlyMap<string, EncodedBytes> {
    return this.#counters;
  }

  /** Programs that it has answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Whether it can still run programs. */
  get alive(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Runs the programs and yields one answer for each, in order. Several batches may be under way at once, so that
   * the target is never idle. Rejects with `SessionEnded` when the target ends or hangs.
   */
  run(programs: readonly Program[], options: RunOptions = {}): Promise<Answer[]> {
    if (this.#ended !== undefined) {
      return Promise.reject(this.#endedUnder(this.#ended, [], this.connection.consoleTail()));
    }
    if (programs.length === 0) return Promise.resolve([]);
    const seq = ++this.#seq;
    const { promise, resolve, reject } = Promise.withResolvers<Answer[]>();
    const silence = this.#silenceMs * (options.repeat === undefined ? 1 : REPEATING_PATIENCE);
    this.#batches.push({ seq, size: programs.length, answers: [], silence, held: 0, resolve, reject });
    this.#send({
      cmd: 'run',
      seq,
      programs: [...programs],
      ...(options.everyLayout === true && { layout: 'every' as const }),
      ...(options.repeat !== undefined && { repeat: options.repeat }),
    });
    this.#watch();
    return promise;
  }

  async close(): Promise<void> {
    if (this.alive) this.#send({ cmd: 'stop' });
    this.#end('closed', 'closed by the suite');
    await this.connection.close();
  }

  kill(): void {
    this.#end('closed', 'closed by the suite');
    this.connection.kill();
  }

  #send(command: Command): void {
    this.connection.send(JSON.stringify(command));
  }

  async #handshake(wanted: readonly Level[]): Promise<void> {
    const started = await this.#ask({ cmd: 'start', version: PROTOCOL_VERSION });
    if (!('event' in started) || started.event !== 'started') throw unexpected('start', started);
    this.#started = started;
    this.#levels = started.levels.filter((level) => wanted.includes(level));
    const seq = ++this.#seq;
    const command = { cmd: 'configure' as const, seq, contract: this.contract, levels: [...this.#levels] };
    const configured = await this.#ask(command);
    if (!('event' in configured) || configured.event !== 'configured' || configured.seq !== seq) {
      throw unexpected('configure', configured);
    }
    if (!configured.ok) throw new ConformanceError('target', 'not-configured', configured.message);
    this.#profile = kernelProfile(started, configured);
  }

  /** One question, one answer, within the deadline. */
  async #ask(command: Command): Promise<Event> {
    const { promise, resolve, reject } = Promise.withResolvers<Event>();
    if (this.#ended !== undefined) throw this.#endedBefore(command, this.#ended.message);
    this.#waiters.push({ command, resolve, reject });
    const starting = Math.max(this.#silenceMs, Math.min(SILENCE_MS, this.#silenceMs * STARTING_PATIENCE));
    const allowed = command.cmd === 'start' ? starting : this.#silenceMs;
    const timer = setTimeout(() => {
      const advice = this.#target.ownsKernel === true ? ADVICE_FOR_GUESTS : ADVICE_FOR_ADAPTERS;
      this.#end('hang', `The target was silent for ${seconds(allowed)}. ${advice}`);
      this.connection.kill();
    }, allowed);
    this.#send(command);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #endedBefore({ cmd }: Command, message: string): ConformanceError {
    const console = this.connection.consoleTail();
    const tail = console === '' ? '' : `\nIts last lines:\n${console}`;
    const sentence = `The target did not answer \`${cmd}\`: ${message}`.replace(/\.$/, '');
    return new ConformanceError('target', 'ended', `${sentence}.${tail}`);
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of this.connection.lines) {
        if (!this.#accept(line)) return;
      }
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#garbage(`${what}. ${ONLY_MESSAGES}`);
      return;
    }
    const timer = setTimeout(() => {
      this.#end('garbage', 'The target closed its standard output and lived on, so nothing more can come of it');
      this.connection.kill();
    }, MUTE_MS);
    const { reason, message } = await this.connection.closed;
    clearTimeout(timer);
    this.#end(reason, message);
  }

  /** Takes one line from the target. What it says is data: anything that is not an expected event ends the session. */
  #accept(line: string): boolean {
    if (this.#ended !== undefined) return false;
    const { event, problems } = readEvent(line);
    if (event === undefined) {
      const more = problems.length > 1 ? ` (and ${String(problems.length - 1)} more)` : '';
      return this.#garbage(
        `a line that is no message of the protocol: ${problems[0]}${more}: ${cut(line)}. ${ONLY_MESSAGES}`,
      );
    }
    if ('result' in event) return this.#acceptAnswer(event, line.length);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(event);
      return true;
    }
    if (event.event === 'refused') return this.#garbage(`a refusal of what it was sent: ${cut(event.message)}`);
    return this.#garbage(`\`${event.event}\`, which nothing had asked for: each command is answered once`);
  }

  #acceptAnswer(answer: Answer, length: number): boolean {
    const batch = this.#batches[0];
    if (batch?.seq !== answer.seq || answer.index !== batch.answers.length) {
      return this.#garbage(describeUnasked(answer, batch));
    }
    batch.held += length;
    this.#held += length;
    if (this.#held > HELD_MAX) {
      return this.#garbage(
        `answers of more than ${String(HELD_MAX / 1024 / 1024)} MiB to programs that need no such length`,
      );
    }
    batch.answers.push(answer);
    this.#answered++;
    // Only those that changed are sent, and nobody else may fill this memory.
    if (this.#target.counting !== undefined) {
      for (const [file, data] of Object.entries(answer.counters ?? {})) this.#counters.set(file, data);
    }
    if (batch.answers.length === batch.size) {
      this.#batches.shift();
      this.#held -= batch.held;
      batch.resolve(batch.answers);
    }
    this.#watch();
    return true;
  }

  #garbage(what: string): false {
    this.#end('garbage', `The target sent ${what}`);
    this.connection.kill();
    return false;
  }

  #watch(): void {
    const allowed = this.#batches[0]?.silence;
    // An answer comes with every program: the same timer, as long as it may wait as long.
    if (this.#silence !== undefined && this.#allowed === allowed) {
      this.#silence.refresh();
      return;
    }
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#allowed = allowed;
    if (allowed === undefined) return;
    this.#silence = setTimeout(() => {
      this.#end('hang', `The target was silent for ${seconds(allowed)} while it had programs to run`);
      this.connection.kill();
    }, allowed);
  }

  #end(reason: Ending['reason'], message: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, message };
    clearTimeout(this.#silence);
    const console = this.connection.consoleTail();
    for (const { command, reject } of this.#waiters.splice(0)) reject(this.#endedBefore(command, message));
    for (const batch of this.#batches.splice(0)) {
      batch.reject(this.#endedUnder({ reason, message }, batch.answers, console));
    }
  }

  #endedUnder(ending: Ending, answers: readonly Answer[], console: string): SessionEnded {
    return new SessionEnded(ending, answers, { console, isOfSystem: this.#target.ownsKernel === true });
  }
}

const ADVICE_FOR_GUESTS = 'A guest on a busy machine gets more time with --timeout';
const ADVICE_FOR_ADAPTERS =
  'An adapter flushes its standard output after every line; a slow one gets more time with --timeout';

function unexpected(command: string, event: Event): ConformanceError {
  if (!('event' in event) || event.event !== 'refused') {
    const answer = cut(JSON.stringify(event));
    return new ConformanceError('target', 'handshake', `The target answered \`${command}\` with ${answer}.`);
  }
  const sentence = `The target refused \`${command}\`: ${cut(event.message)}`.replace(/\.$/, '');
  const versions = `. This is version ${String(PROTOCOL_VERSION)} of the protocol: use a target for it, or the release of the suite that the target is for.`;
  return new ConformanceError('target', 'refused', command === 'start' ? `${sentence}${versions}` : `${sentence}.`);
}

/** What is wrong with an answer that is not the one that is due. */
function describeUnasked({ seq, index }: Answer, batch: Batch | undefined): string {
  const what = `an answer to program ${String(index)} of batch ${String(seq)}`;
  if (batch === undefined) return `${what}, but every program that it was sent was answered: each is answered once`;
  const due = batch.answers.length;
  if (seq === batch.seq && index < due) return `${what} twice: each program is answered once`;
  const order = 'programs are answered in their order, each with the seq of its batch';
  return `${what} where program ${String(due)} of batch ${String(batch.seq)} is due: ${order}`;
}

function seconds(milliseconds: number): string {
  return `${String(milliseconds / 1000)} s`;
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
