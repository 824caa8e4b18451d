import type { Connection, ConnectionEnd } from '../spec/connection.ts';
import type { Contract } from '../spec/contract.ts';
import { ConformanceError } from '../spec/errors.ts';
import { type KernelProfile, kernelProfile } from '../spec/kernel.ts';
import { type EncodedBytes, LEVELS, type Level } from '../spec/observation.ts';
import type { Program } from '../spec/program.ts';
import { Answer, type Command, Event, PROTOCOL_VERSION, type Started } from '../spec/protocol.ts';
import type { Target } from '../spec/target.ts';

/** How long a target may take to answer `start` and `configure`, in milliseconds. */
const HANDSHAKE_MS = 30_000;

/** How long a target may be silent while it has programs to run, in milliseconds. */
const SILENCE_MS = 30_000;

/** The same while it repeats programs, of which it says nothing before the last time. */
const REPEATING_SILENCE_MS = 180_000;

export interface RunOptions {
  /** Observe the layout after every operation. */
  readonly everyLayout?: boolean;
  /** Run each program this often without observing it, and answer with the memory lost. */
  readonly repeat?: number;
}

/** The target ended, or stopped answering, while programs were under way. */
export class SessionEnded extends Error {
  /** `hang`: it was silent for too long and has been killed. */
  readonly reason: ConnectionEnd['reason'] | 'hang' | 'garbage';
  /** The answers that had arrived for the batch; the next program was the one under way. */
  readonly answers: readonly Answer[];
  /** Its last log lines. */
  readonly console: string;

  constructor(reason: SessionEnded['reason'], message: string, answers: readonly Answer[], console: string) {
    super(message);
    this.name = 'SessionEnded';
    this.reason = reason;
    this.answers = answers;
    this.console = console;
  }
}

interface Batch {
  readonly seq: number;
  readonly size: number;
  readonly answers: Answer[];
  /** How long the target may be silent, in milliseconds. */
  readonly silence: number;
  readonly resolve: (answers: Answer[]) => void;
  readonly reject: (error: SessionEnded) => void;
}

interface Waiter {
  readonly resolve: (event: Event) => void;
  readonly reject: (error: Error) => void;
}

/** A conversation with a target that is ready to run programs for one contract. */
export class Session {
  readonly connection: Connection;
  readonly contract: Contract;
  #started: Started | undefined;
  #profile: KernelProfile | undefined;
  #levels: readonly Level[] = [];
  #seq = 0;
  readonly #batches: Batch[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #counters = new Map<string, EncodedBytes>();
  #ended: { reason: SessionEnded['reason']; message: string } | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** What the timer waits, in milliseconds. */
  #allowed: number | undefined;

  /** Connects, shakes hands, and configures all levels that the target observes (or only `levels`). */
  static async open(
    target: Target,
    contract: Contract,
    options: { signal?: AbortSignal; levels?: readonly Level[] } = {},
  ): Promise<Session> {
    const session = new Session(await target.connect(options.signal), contract);
    try {
      await session.#handshake(options.levels ?? LEVELS);
      return session;
    } catch (error) {
      session.kill();
      throw error;
    }
  }

  private constructor(connection: Connection, contract: Contract) {
    this.connection = connection;
    this.contract = contract;
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
      return Promise.reject(
        new SessionEnded(this.#ended.reason, this.#ended.message, [], this.connection.consoleTail()),
      );
    }
    if (programs.length === 0) return Promise.resolve([]);
    const seq = ++this.#seq;
    const { promise, resolve, reject } = Promise.withResolvers<Answer[]>();
    const silence = options.repeat === undefined ? SILENCE_MS : REPEATING_SILENCE_MS;
    this.#batches.push({ seq, size: programs.length, answers: [], silence, resolve, reject });
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
    if (!('event' in started) || started.event !== 'started') throw this.#unexpected('start', started);
    this.#started = started;
    this.#levels = started.levels.filter((level) => wanted.includes(level));
    const command = { cmd: 'configure' as const, seq: ++this.#seq, contract: this.contract, levels: [...this.#levels] };
    const configured = await this.#ask(command);
    if (!('event' in configured) || configured.event !== 'configured') throw this.#unexpected('configure', configured);
    if (!configured.ok) throw new ConformanceError('target', 'not-configured', configured.message);
    this.#profile = kernelProfile(started, configured);
  }

  #unexpected(command: string, event: Event): ConformanceError {
    const refused = 'event' in event && event.event === 'refused';
    const what = refused ? event.message : `it answered ${JSON.stringify(event).slice(0, 200)}`;
    return new ConformanceError('target', 'handshake', `The target did not accept \`${command}\`: ${what}`);
  }

  /** One question, one answer, within the deadline of the handshake. */
  async #ask(command: Command): Promise<Event> {
    const { promise, resolve, reject } = Promise.withResolvers<Event>();
    this.#waiters.push({ resolve, reject });
    const timer = setTimeout(() => {
      this.#end('hang', `no answer to \`${command.cmd}\` within ${String(HANDSHAKE_MS / 1000)} s`);
      this.connection.kill();
    }, HANDSHAKE_MS);
    this.#send(command);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of this.connection.lines) {
        if (!this.#accept(line)) return;
      }
    } catch (error) {
      this.#end('garbage', error instanceof Error ? error.message : String(error));
      this.connection.kill();
      return;
    }
    const { reason, message } = await this.connection.closed;
    this.#end(reason, message);
  }

  /** Takes one line from the target. What it says is data: anything that is not an expected event ends the session. */
  #accept(line: string): boolean {
    const event = parseEvent(line);
    if (event === undefined) return this.#garbage(`a line that is no event of the protocol: ${line.slice(0, 200)}`);
    if ('result' in event) {
      const batch = this.#batches[0];
      if (batch?.seq !== event.seq || event.index !== batch.answers.length) {
        return this.#garbage(
          `an answer that was not asked for (batch ${String(event.seq)}, program ${String(event.index)})`,
        );
      }
      batch.answers.push(event);
      // Only those that changed are sent.
      for (const [file, data] of Object.entries(event.counters ?? {})) this.#counters.set(file, data);
      if (batch.answers.length === batch.size) {
        this.#batches.shift();
        batch.resolve(batch.answers);
      }
      this.#watch();
      return true;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve(event);
    else if (event.event === 'refused') return this.#garbage(`a refusal: ${event.message}`);
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
      this.#end('hang', `The target was silent for ${String(allowed / 1000)} s while it had programs to run`);
      this.connection.kill();
    }, allowed);
  }

  #end(reason: SessionEnded['reason'], message: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, message };
    clearTimeout(this.#silence);
    const console = this.connection.consoleTail();
    for (const waiter of this.#waiters.splice(0)) {
      const tail = console === '' ? '' : `\nIts last lines:\n${console}`;
      waiter.reject(new ConformanceError('target', 'ended', `The target ended before it answered: ${message}${tail}`));
    }
    for (const batch of this.#batches.splice(0)) {
      batch.reject(new SessionEnded(reason, message, batch.answers, console));
    }
  }
}

function parseEvent(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // Nearly every line is an answer, and a union tries its members one after the other.
    const isAnswer = typeof value === 'object' && value !== null && 'result' in value;
    const parsed = (isAnswer ? Answer : Event).safeParse(value);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
