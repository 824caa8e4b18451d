import { Int64 } from '../../spec/integer.ts';
import { type Data, FIRST_ACTOR, type Operation, type Setting, SETTING_NAMES } from '../../spec/program.ts';
import * as z from 'zod';
import { asOperation, schemaOf, withField } from './fields.ts';

/** What is plainer than an operation: field by field, each value before `value` in an order that all share. Pure. */

export const PAGE = 4096;

const RANGES: readonly unknown[] = [PAGE, 2 * PAGE];
const COUNTS: readonly unknown[] = [1, 4];

/** From plain to less plain; what a list does not hold is less plain than all that it holds. */
const ORDERS: Readonly<Record<string, readonly unknown[]>> = {
  access: ['rw', 'ro', 'wo'],
  oldLength: RANGES,
  newLength: RANGES,
  offset: [0, 1, PAGE],
  of: [FIRST_ACTOR],
  prot: ['rw-', 'r--'],
  type: ['shared', 'private'],
};

type Rule = (value: never, op: Operation) => readonly unknown[];

/** The plainer values of a field; undefined stands for leaving it out. */
const RULES: Readonly<Record<string, Rule>> = {
  actor: (value: string, op) => (op.op === 'exit' ? [] : before(value, [FIRST_ACTOR])),
  at: plainerAddresses,
  data: plainerData,
  fail: (value: { readonly nth: number }) => [undefined, ...(value.nth > 1 ? [{ ...value, nth: 1 }] : [])],
  flags: (value: readonly string[]) => [undefined, ...shorter(value)],
  length: (value, op) => before(value, schemaOf(op, 'length') === Int64 ? RANGES : COUNTS),
  lengths: (value: readonly number[]) => [...shorter(value), ...each(value, (length) => before(length, COUNTS))],
  offset: (value, op) => [
    ...(op.op === 'read_into' || op.op === 'write_from' ? [undefined] : []),
    ...ordered(value, 'offset'),
  ],
  place: plainerPlaces,
  segments: (value: readonly Data[]) => [...shorter(value), ...each(value, plainerData)],
};

/** What does the same with less to say: the operation of another kind that may stand in its place. */
const PLAINER_KINDS: { readonly [Name in Operation['op']]?: (op: Extract<Operation, { op: Name }>) => unknown } = {
  pread: ({ actor, fd, length }) => ({ op: 'read', actor, fd, length }),
  readv: ({ actor, fd, lengths }) => ({ op: 'read', actor, fd, length: sum(lengths) }),
  preadv2: ({ actor, fd, lengths, offset }) => ({ op: 'pread', actor, fd, length: sum(lengths), offset }),
  pwrite: ({ actor, fd, data }) => ({ op: 'write', actor, fd, data }),
  writev: ({ actor, fd, segments }) => ({ op: 'write', actor, fd, data: joined(segments) }),
  pwritev2: ({ actor, fd, segments, offset }) => ({ op: 'pwrite', actor, fd, data: joined(segments), offset }),
  mem_read: ({ actor, of, at, length }) => ({ op: 'vm_read', actor, of, at, length }),
  mem_write: ({ actor, of, at, data }) => ({ op: 'vm_write', actor, of, at, data }),
  vm_read: ({ of, at, length }) => ({ op: 'load', actor: of, at, length }),
  vm_write: ({ of, at, data }) => ({ op: 'store', actor: of, at, data }),
  dup2: ({ actor, fd, to }) => ({ op: 'dup', actor, fd, to }),
};

/** All operations that are plainer than this one in one respect. */
export function plainer(op: Operation): Operation[] {
  const kind = PLAINER_KINDS[op.op] as ((op: Operation) => unknown) | undefined;
  const variants = [kind === undefined ? undefined : asOperation({ ...(kind(op) as object), ...failureOf(op) })];
  for (const [field, value] of Object.entries(op)) {
    if (field === 'op') continue;
    const rule = RULES[field] as ((value: unknown, op: Operation) => readonly unknown[]) | undefined;
    const values = rule === undefined ? ordered(value, field, schemaOf(op, field)) : rule(value, op);
    variants.push(...values.map((simpler) => withField(op, field, simpler)));
  }
  return variants.filter((variant) => variant !== undefined);
}

/** What it asks to fail, which its plainer kinds can, too. */
function failureOf(op: Operation): object {
  return 'fail' in op && op.fail !== undefined ? { fail: op.fail } : {};
}

/** Settings that limit less: none, one limit fewer, or a lower one, which says more plainly that it is one. */
export function plainerSettings(setting: Setting): (Setting | undefined)[] {
  const names = SETTING_NAMES.filter((name) => setting[name] !== undefined);
  const fewer = names.map((gone) =>
    Object.fromEntries(names.filter((name) => name !== gone).map((name) => [name, setting[name]])),
  );
  const lower = names.flatMap((name) =>
    before(setting[name], [0, 1, 2, 3])
      .filter((value) => value < (setting[name] ?? 0))
      .map((value) => ({ ...setting, [name]: value })),
  );
  return [undefined, ...(names.length > 1 ? fewer : []), ...lower];
}

/** The values that come before `value` in a list from plain to less plain; the whole list if it is not in it. */
function before<T>(value: unknown, order: readonly T[]): readonly T[] {
  const index = order.findIndex((other) => other === value);
  return index === -1 ? order : order.slice(0, index);
}

/** By the order for fields of this name, else by that of the values that the schema lists, of which the first is plainest. */
function ordered(value: unknown, field: string, schema?: unknown): readonly unknown[] {
  const order = ORDERS[field];
  if (order !== undefined) return before(value, order);
  const listed = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  const left = schema instanceof z.ZodOptional ? [undefined] : [];
  return listed instanceof z.ZodEnum ? [...left, ...before(value, listed.options.slice(0, 2))] : left;
}

/** The list without each of its elements. */
function shorter<T>(list: readonly T[]): T[][] {
  return list.map((_, index) => list.toSpliced(index, 1));
}

function each<T>(list: readonly T[], simpler: (value: T) => readonly unknown[]): unknown[][] {
  return list.flatMap((value, index) => simpler(value).map((plain) => (list as readonly unknown[]).with(index, plain)));
}

function sum(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}

/** One piece of data as long as all; of several texts the first. */
function joined(segments: readonly Data[]): Data {
  return { text: segments[0]?.text ?? 'x', length: sum(segments.map(({ length }) => length)) };
}

function plainerData(data: Data): Data[] {
  const lengths = [1, 4, 5].filter((length) => length < data.length);
  const same = data.text === 'x' ? [] : [{ text: 'x', length: data.length }];
  return [...lengths.map((length) => ({ text: 'x', length })), ...same];
}

export function inPage(offset: number): number {
  return ((offset % PAGE) + PAGE) % PAGE;
}

function plainerAddresses(at: object): unknown[] {
  if ('wild' in at) return before(at.wild, ['null', 'kernel']).map((wild) => ({ wild }));
  if (!('map' in at && 'offset' in at) || typeof at.offset !== 'number') return [];
  const { map, offset } = at;
  return [0, inPage(offset), offset - inPage(offset)]
    .filter((less) => Math.abs(less) < Math.abs(offset))
    .map((less) => ({ map, offset: less }));
}

/** Left out; `fixed` where there is a choice; with a plainer address. */
function plainerPlaces(place: object): unknown[] {
  if (!('at' in place && 'how' in place)) return [undefined, ...plainerAddresses(place)];
  const fixed = place.how === 'fixed' ? [] : [{ ...place, how: 'fixed' }];
  const addresses = plainerAddresses(place.at as object).map((at) => ({ ...place, at }));
  return [undefined, ...fixed, ...addresses];
}
