/**
 * One page of a memfd, checked with this suite: a campaign like any other, whose programs are drawn from the operations that the
 * alternatives have, and `open`, without which there is no page here; there are no limits and no flags of mmap either.
 * Prints one line of JSON: how many operations were performed and compared, and in how many seconds. Of the operations that a
 * campaign counts, `open`, `checkpoint` and those that turned out to have no place to be performed at are left out, though
 * their time is not.
 * Usage: node bench/alternatives/suite.ts PROGRAMS SEED
 */
import { THIS } from '../checkout.ts';
import { loadParts, prepareTarget, type Target } from '../layouts.ts';

const CONTRACT = 'lkmc_mmap';

const COMPARED: ReadonlySet<string> = new Set(['mmap', 'munmap', 'load', 'store', 'read', 'write']);

/** What a run sent and was answered, for counting when it is over. */
interface Lines {
  readonly sent: string[];
  readonly answered: string[];
}

/** The target with fewer operations than it has, which it need not know. */
function restricted(target: Target, lines: Lines): Target {
  return {
    ...target,
    connect: async (signal) => {
      const inner = await target.connect(signal);
      const answers = async function* (): AsyncGenerator<string, void, undefined> {
        let isFirst = true;
        for await (const line of inner.lines) {
          yield isFirst ? restrictedStart(line) : line;
          isFirst = false;
          lines.answered.push(line);
        }
      };
      const send = (line: string): void => {
        lines.sent.push(line);
        inner.send(line);
      };
      return { ...inner, send, lines: answers() };
    },
  };
}

/** The answer to `start`, which is the first. */
function restrictedStart(line: string): string {
  const started = JSON.parse(line) as object;
  return JSON.stringify({ ...started, operations: [...COMPARED, 'open'], settings: [], mapFlags: [], failures: [] });
}

interface SentCommand {
  readonly programs?: readonly { readonly ops: readonly { readonly op: string }[] }[];
}

interface Answered {
  readonly steps?: readonly { readonly outcome: object }[];
}

/** How many of the compared operations were performed. Programs are answered in their order. */
function countPerformed({ sent, answered }: Lines): number {
  const programs = sent.flatMap((line) => (JSON.parse(line) as SentCommand).programs ?? []);
  const answers = answered.flatMap((line) => (JSON.parse(line) as Answered).steps ?? []);
  const operations = programs.flatMap(({ ops }) => ops);
  return operations.filter(({ op }, index) => {
    return COMPARED.has(op) && !('none' in (answers[index]?.outcome ?? { none: 'unanswered' }));
  }).length;
}

const [programs, seed] = process.argv.slice(2).map(Number);
const parts = await loadParts(THIS.directory);
const { loadContract, runCampaign } = parts;
const target = await prepareTarget(parts, 'memfd');
const lines: Lines = { sent: [], answered: [] };
const results: { verdict: string; durationMs: number }[] = [];
await runCampaign({
  target: restricted(target, lines),
  contract: loadContract(CONTRACT),
  properties: ['lockstep'],
  programs: programs ?? 1000,
  seed: seed ?? 1,
  shrinkMs: 0,
  signal: new AbortController().signal,
  write: (entry) => {
    if (entry.type === 'result') results.push(entry);
  },
  onProgress: () => undefined,
});
const [result] = results;
if (result?.verdict !== 'pass') throw new Error(`bench: the suite did not pass: ${JSON.stringify(result)}`);
console.log(JSON.stringify({ operations: countPerformed(lines), seconds: result.durationMs / 1000 }));
