import type * as z from 'zod';
import { describeIssue } from './describe-issue.ts';
import { Answer, Configured, type Event, Refused, Started, Stopped } from '../protocol.ts';
import { predicateOf } from './predicate.ts';

/** Schemas by the name of the event: what a line is meant to be decides what is said of its mistakes. */
const BY_NAME: Readonly<Record<string, z.ZodType<Event>>> = {
  started: Started,
  configured: Configured,
  refused: Refused,
  stopped: Stopped,
};

/** Nearly every line is an answer, and is one. */
const isAnswer = predicateOf(Answer);

/** A line of a target: a message of the protocol, or what is wrong with it, field by field. */
export type ReadEvent =
  | { readonly event: Event; readonly problems: readonly [] }
  | { readonly event: undefined; readonly problems: readonly [string, ...string[]] };

/** Reads one line of a target. What it says is data: nothing is thrown. Only what is refused is held against a schema, for the reasons. */
export function readEvent(line: string): ReadEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return problem('it is not JSON');
  }
  if (isAnswer(value)) return { event: value, problems: [] };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return problem('it is no JSON object');
  const schema = schemaOf(value);
  if (schema === undefined) {
    const names = Object.keys(BY_NAME).join(', ');
    return problem(`it has no \`event\` that is one of ${names}, and no \`result\``);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { event: parsed.data, problems: [] };
  const [first, ...others] = parsed.error.issues.map((issue) => describeIssue(issue, value));
  return { event: undefined, problems: [first ?? 'it is not valid', ...others] };
}

function schemaOf(value: object): z.ZodType<Event> | undefined {
  if ('result' in value) return Answer;
  return 'event' in value && typeof value.event === 'string' ? BY_NAME[value.event] : undefined;
}

function problem(sentence: string): ReadEvent {
  return { event: undefined, problems: [sentence] };
}
