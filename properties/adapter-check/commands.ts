import type { Contract } from '../../spec/contract.ts';
import type { Level } from '../../spec/observation.ts';
import { type Command, type Configured, PROTOCOL_VERSION, type Started } from '../../spec/protocol.ts';
import { type AdapterConversation, Broken } from './conversation.ts';

/** How long an adapter may take to end after `stop`, in milliseconds. */
const ENDING_MS = 5000;

/** How long it may take after the end of its input: as long as a connection waits before it kills, in milliseconds. */
const GRACE_MS = 2000;

/** How long is waited for what nothing asked for, in milliseconds. */
export const QUIET_MS = 300;

/** Lines that are no commands; each is answered with `refused`, and changes nothing. */
const NONSENSE = ['this is no JSON', '[]', '{"cmd":"dance"}', '{"cmd":"run","seq":1,"programs":[]}'];

/** What it says of itself; undefined if it does not. */
export async function handshake(talk: AdapterConversation): Promise<Started | undefined> {
  const sent = talk.send({ cmd: 'start', version: PROTOCOL_VERSION });
  const { event, line } = await talk.next('start', sent);
  if (event === undefined) return undefined;
  if (!('event' in event) || event.event !== 'started') {
    const refused =
      'event' in event && event.event === 'refused'
        ? `It refused version ${String(PROTOCOL_VERSION)} of the protocol`
        : 'It did not answer with `started`';
    talk.note('start', `${refused}: a target for this release of the suite speaks this version.`, sent, line);
    return undefined;
  }
  const more = await talk.saysMore(QUIET_MS);
  if (more !== undefined) talk.note('start', 'It sent a second line, which nothing had asked for.', sent, more);
  return event;
}

export async function anotherVersion(talk: AdapterConversation): Promise<void> {
  await refuses(talk, 'version', { cmd: 'start', version: 999 }, 'a version that it does not speak');
  await begin(talk, 'version');
}

export async function nonsense(talk: AdapterConversation): Promise<void> {
  await begin(talk, 'nonsense');
  for (const line of NONSENSE) await refuses(talk, 'nonsense', line, 'a line that is no command that it could follow');
  // It still listens.
  await begin(talk, 'nonsense');
}

async function refuses(
  talk: AdapterConversation,
  about: string,
  command: Command | string,
  what: string,
): Promise<void> {
  const sent = talk.send(command);
  const { event, line } = await talk.next(about, sent);
  if (event === undefined || ('event' in event && event.event === 'refused')) return;
  talk.note(about, `It answered ${what} with something else than \`refused\`.`, sent, line);
}

/** Starts; what `started` says is known by now. */
export async function begin(talk: AdapterConversation, about: string): Promise<void> {
  const sent = talk.send({ cmd: 'start', version: PROTOCOL_VERSION });
  const { event, line } = await talk.next(about, sent);
  if (event !== undefined && 'event' in event && event.event === 'started') return;
  if (event !== undefined)
    talk.note(about, 'It did not answer `start` with `started` any more: a refusal changes nothing.', sent, line);
  throw new Broken('It did not answer `start` with `started`.');
}

/** @returns its answer, if it is one */
export async function configure(
  talk: AdapterConversation,
  contract: Contract,
  levels: readonly Level[],
): Promise<Configured | undefined> {
  const seq = talk.nextSeq();
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

export async function stop(talk: AdapterConversation): Promise<void> {
  await begin(talk, 'stop');
  const sent = talk.send({ cmd: 'stop' });
  const { event, line } = await talk.next('stop', sent);
  if (event !== undefined && !('event' in event && event.event === 'stopped'))
    talk.note('stop', 'It did not answer `stop` with `stopped`.', sent, line);
  if (!(await talk.ends(ENDING_MS)))
    talk.note('stop', `It still ran ${String(ENDING_MS / 1000)} s after it had been told to stop.`, sent);
}

export async function endOfInput(talk: AdapterConversation): Promise<void> {
  await begin(talk, 'end of input');
  const begun = performance.now();
  // What it says meanwhile is read, or its output would seem not to end.
  await Promise.all([talk.close(), talk.saysMore(GRACE_MS)]);
  if (performance.now() - begun < GRACE_MS + QUIET_MS) return;
  const seconds = String(GRACE_MS / 1000);
  talk.note(
    'end of input',
    `It still ran ${seconds} s after its standard input had ended: it must not outlive the suite.`,
  );
}
