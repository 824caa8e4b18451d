import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { ConformanceError } from '../../spec/errors.ts';
import { Program } from '../../spec/program.ts';

/** Everything that replays a failure: the contract's name or path, the property and the program. */
const Replay = z.strictObject({ contract: z.string(), property: z.string(), program: Program });
export type Replay = z.infer<typeof Replay>;

const PREFIX = 'mc1-';

/** A failure as one word that can be pasted into a command line; it holds the whole program. */
export function encodeToken(replay: Replay): string {
  return PREFIX + deflateRawSync(JSON.stringify(replay), { level: 9 }).toString('base64url');
}

/** Whether the word looks like a token (and not like a file). */
export function isToken(word: string): boolean {
  return word.startsWith(PREFIX);
}

/** What a token holds. Throws a `ConformanceError` of kind usage when it is damaged. */
export function decodeToken(token: string): Replay {
  try {
    const inflated = inflateRawSync(Buffer.from(token.slice(PREFIX.length), 'base64url'), { maxOutputLength: 1 << 24 });
    return Replay.parse(JSON.parse(inflated.toString('utf8')));
  } catch (cause) {
    throw new ConformanceError('usage', 'bad-token', 'This replay token is damaged or cut off.', {
      hint: 'Copy the whole word from the report, or replay the counterexample file in the output directory.',
      cause,
    });
  }
}
