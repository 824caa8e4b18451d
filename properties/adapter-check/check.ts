import type { Contract } from '../../spec/contract.ts';
import type { Started } from '../../spec/protocol.ts';
import type { ReadyTarget } from '../../spec/ports/target.ts';
import { anotherVersion, begin, configure, endOfInput, handshake, nonsense, stop } from './commands.ts';
import { AdapterConversation, Broken, type Finding } from './conversation.ts';
import { ContractConversation } from './programs.ts';

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
  readonly target: ReadyTarget;
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
  #compared = 0;
  readonly #differing: string[] = [];
  readonly #options: AdapterCheckOptions;

  constructor(options: AdapterCheckOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    await this.#stage('start', async (talk) => {
      this.started = await handshake(talk);
    });
    const { started } = this;
    if (started === undefined) return;
    await this.#stage('another version', anotherVersion);
    await this.#stage('nonsense', nonsense);
    await this.#contracts(started);
    await this.#stage('stop', stop);
    await this.#stage('end of input', endOfInput);
    if (this.#compared === 0) return;
    const agreeing = this.#compared - this.#differing.length;
    this.notes.push(
      `${String(agreeing)} of ${String(this.#compared)} of these programs yield what the reference model yields; \`run\` looks into that.`,
    );
    if (this.#differing.length > 0) this.notes.push(`The others are about: ${this.#differing.join(', ')}.`);
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

  async #contracts(started: Started): Promise<void> {
    const { contracts } = this.#options;
    let served = 0;
    for (const contract of contracts) {
      await this.#stage(`contract ${contract.name}`, async (talk) => {
        if (await this.#contract(talk, contract, started)) served++;
      });
    }
    if (served > 0 || this.problems.length > 0) return;
    const names = contracts.map(({ name }) => name).join(', ');
    const message = `It serves none of the contracts ${names}, so there is nothing that could be checked.`;
    this.problems.push({ about: 'configure', message });
  }

  /** @returns whether the contract is one that it serves */
  async #contract(talk: AdapterConversation, contract: Contract, started: Started): Promise<boolean> {
    await begin(talk, 'start');
    const configured = await configure(talk, contract, started.levels);
    if (configured === undefined) return false;
    if (!configured.ok) {
      this.notes.push(`It does not serve the contract ${contract.name}: ${configured.message}`);
      return false;
    }
    const conversation = new ContractConversation(talk, contract, { started, configured });
    try {
      await conversation.run();
    } finally {
      this.programs += conversation.programs;
      this.#compared += conversation.compared;
      this.#differing.push(...conversation.differing);
    }
    return true;
  }
}
