import fc from 'fast-check';
import * as z from 'zod';
import { expect, it } from 'vitest';
import { Answer, Configured, Refused, Started, Stopped } from '../protocol.ts';
import { predicateOf } from './predicate.ts';

const int64 = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String));
const texts = fc.dictionary(fc.constantFrom('p0', 'p1', 'p2'), fc.string());
const outcome = fc.oneof(
  fc.record({ ret: int64, data: fc.string() }, { requiredKeys: ['ret'] }),
  fc.record({ errno: fc.constantFrom('EINVAL', 'ENOMEM', 'E2BIG') }),
  fc.record(
    { signal: fc.string(), code: fc.string(), at: fc.maxSafeInteger(), data: fc.string() },
    { requiredKeys: ['signal', 'code', 'at'] },
  ),
  fc.record({ none: fc.constantFrom('unbound', 'unsafe') }),
);
const remains = fc.record({
  what: fc.constantFrom('page', 'object'),
  count: fc.integer({ min: 1 }),
  function: fc.string(),
  step: fc.nat(),
});
const observation = fc.record(
  {
    outcome,
    failed: fc.constant(true),
    layout: fc.dictionary(fc.constantFrom('p0', 'p1'), fc.array(fc.string(), { maxLength: 2 })),
    frames: texts,
    callbacks: fc.array(fc.string(), { maxLength: 2 }),
    reports: fc.array(fc.string(), { maxLength: 2 }),
    remains: fc.array(remains, { maxLength: 2 }),
  },
  { requiredKeys: ['outcome'] },
);
const common = { seq: fc.nat(), index: fc.nat(), counters: texts };
const always = ['seq', 'index', 'result'] as const;
const answer = fc.oneof(
  fc.record(
    { ...common, result: fc.constant('observed'), steps: fc.array(observation, { maxLength: 3 }), end: observation },
    { requiredKeys: [...always, 'steps', 'end'] },
  ),
  fc.record(
    { ...common, result: fc.constant('skipped'), reason: fc.string() },
    { requiredKeys: [...always, 'reason'] },
  ),
  fc.record(
    { ...common, result: fc.constant('errored'), message: fc.string(), step: fc.integer() },
    { requiredKeys: [...always, 'message'] },
  ),
  fc.record(
    { ...common, result: fc.constant('repeated'), times: fc.integer(), pagesLost: fc.integer() },
    { requiredKeys: [...always, 'times', 'pagesLost'] },
  ),
);

/** One of each kind of what JSON can say, and the ends of what fields may be. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  '',
  '7',
  '-1',
  '123456789012345678901',
  'EINVAL',
  'EINVAL\n',
  'einval',
  'page',
  'unsafe',
  'observed',
  0,
  -0,
  -1,
  1.5,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  [],
  [null],
  ['x'],
  {},
  { p0: 'x' },
  { p0: ['x'] },
  { ret: 0 },
  { none: 'unsafe' },
];

const KEYS = [
  'more',
  'ret',
  'data',
  'errno',
  'failed',
  'layout',
  'counters',
  'step',
  'reason',
  '__proto__',
  'constructor',
  '',
];

interface Mutation {
  readonly how: 'delete' | 'add' | 'replace';
  /** Which of all places in the value, counted from its root. */
  readonly place: number;
  readonly key: string;
  readonly odd: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  how: fc.constantFrom('delete', 'add', 'replace'),
  place: fc.nat(1000),
  key: fc.constantFrom(...KEYS),
  odd: fc.constantFrom(...ODD),
});

/** A value as its text, changed in one place at any depth. */
function mutated(value: unknown, { how, place, key, odd }: Mutation): unknown {
  const places: { holder: object; name: string }[] = [];
  const root = { value: copied(value) };
  const visit = (holder: object): void => {
    for (const [name, inner] of Object.entries(holder)) {
      places.push({ holder, name });
      if (typeof inner === 'object' && inner !== null) visit(inner as object);
    }
  };
  visit(root);
  const { holder, name } = places[place % places.length] ?? { holder: root, name: 'value' };
  const inner: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
  const put = (where: object, as: string, what: unknown): void => {
    Object.defineProperty(where, as, { value: what, enumerable: true, configurable: true, writable: true });
  };
  if (how === 'delete' && holder !== root) {
    if (Array.isArray(holder)) holder.splice(Number(name), 1);
    else Reflect.deleteProperty(holder, name);
  } else if (how === 'add' && typeof inner === 'object' && inner !== null) {
    if (Array.isArray(inner)) inner.push(odd);
    else put(inner, key, odd);
  } else {
    put(holder, name, odd);
  }
  return copied(root.value);
}

function copied(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const isAnswer = predicateOf(Answer);

it('accepts the answers that the schema accepts, however they are mutated', () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(answer, fc.array(mutation, { maxLength: 3 }), (valid, mutations) => {
      const value = mutations.reduce(mutated, copied(valid));
      const parsed = Answer.safeParse(value);
      // A process called __proto__ is one that the schema leaves out without a word.
      const accepted = parsed.success && JSON.stringify(parsed.data).length === JSON.stringify(value).length;
      seen[accepted ? 'accepted' : 'refused']++;
      expect(isAnswer(value)).toBe(accepted);
      if (parsed.success && accepted) expect(parsed.data).toEqual(value);
    }),
    { numRuns: 4000 },
  );
  // Otherwise the comparison would say little.
  expect(seen.accepted).toBeGreaterThan(500);
  expect(seen.refused).toBeGreaterThan(500);
});

it('knows all messages of a target', () => {
  expect(predicateOf(Stopped)({ event: 'stopped' })).toBe(true);
  expect(predicateOf(Refused)({ event: 'refused', message: 7 })).toBe(false);
  expect(predicateOf(Configured)({ event: 'configured', seq: 1, ok: true, noexec: false, regular: false })).toBe(true);
  expect(predicateOf(Started)({ event: 'started' })).toBe(false);
});

it.each([
  z.object({}),
  z.looseObject({}),
  z.number(),
  z.string().max(3),
  z.string().trim(),
  z.int().multipleOf(2),
  z.string().transform(Number),
  z.strictObject({ at: z.string().default('x') }),
  z.string().refine((text) => text !== 'x'),
  z.string().regex(/x/g),
  z.record(z.enum(['a']), z.string()),
])('has no predicate for a schema that it could not be true to (%#)', (schema) => {
  expect(() => predicateOf(schema as z.ZodType)).toThrow('predicate: there is none');
});
