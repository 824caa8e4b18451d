import * as z from 'zod';
import type { Address, Data, Pointer } from '../values.ts';
import { ActorName } from '../values.ts';

/** One kind of operation: its schema, and its line for people. */
export interface Definition<Schema extends z.ZodObject = z.ZodObject> {
  readonly schema: Schema;
  /** The call as people read it, without its actor: `m0 = mmap(d0, 4096 at 0, rw- shared)`. */
  readonly text: (op: z.infer<Schema>) => string;
}

type Shaped<Name extends string, Shape extends z.core.$ZodLooseShape> = z.ZodObject<
  { op: z.ZodLiteral<Name>; actor: typeof ActorName } & Shape,
  z.core.$strict
>;

/** What an operation may ask to fail, and the names by which targets offer it. */
export const FAILURES = ['allocation', 'copy'] as const;
export type Failure = (typeof FAILURES)[number];

/**
 * The field of operations during which the driver allocates, or copies to or from user memory: the n-th time that it does so,
 * counted from 1, fails. An operation during which it does so less often is performed as if nothing had been asked.
 */
export function failing<What extends Failure>(what: What) {
  return z.strictObject({ what: z.literal(what), nth: z.int().min(1).max(1000) }).optional();
}

/** Defines an operation by name, fields and text; every operation has an actor, the process that performs it. */
export function define<Name extends string, Shape extends z.core.$ZodLooseShape>(
  name: Name,
  shape: Shape,
  text: (op: z.infer<Shaped<Name, Shape>>) => string,
): Definition<Shaped<Name, Shape>> {
  return { schema: z.strictObject({ op: z.literal(name), actor: ActorName, ...shape }), text };
}

/** `m0+4096`, `arena`, `null`. */
export function address(at: Address | Pointer): string {
  if ('wild' in at) return at.wild;
  const [base, offset] = 'arena' in at ? ['arena', at.arena] : [at.map, at.offset];
  if (offset === 0) return base;
  return offset > 0 ? `${base}+${String(offset)}` : `${base}${String(offset)}`;
}

/** `"ab"`, or `"ab"*100` when the text is repeated up to that length. */
export function data(value: Data): string {
  const { text, length } = value;
  return length === text.length ? JSON.stringify(text) : `${JSON.stringify(text)}*${String(length)}`;
}

/** Flags behind a call's other arguments. */
export function flagged(flags: readonly string[] | undefined): string {
  return flags === undefined || flags.length === 0 ? '' : `, ${flags.join(' ')}`;
}
