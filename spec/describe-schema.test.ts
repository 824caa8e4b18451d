import { expect, it } from 'vitest';
import * as z from 'zod';
import { describeFields, describeType, type JsonSchema } from './describe-schema.ts';

const described = (schema: z.ZodType): string => describeType(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema);

it.each([
  ['`"a"`, `"b"`', z.enum(['a', 'b'])],
  ['`4`', z.literal(4)],
  ['whole number from 1 to 9', z.int().min(1).max(9)],
  ['whole number', z.int()],
  ['`true` or `false`', z.boolean()],
  ['text', z.string()],
  ['text like `^0x`', z.string().regex(/^0x/)],
  ['list of whole number from 0', z.array(z.int().min(0))],
  ['text or `true` or `false`', z.union([z.string(), z.boolean()])],
  ['object (`a`: text; `b`?: whole number)', z.strictObject({ a: z.string(), b: z.int().optional() })],
  ['object, by name: whole number', z.record(z.string(), z.int())],
])('%s', (words, schema) => expect(described(schema)).toBe(words));

it('fields have their meaning, and say whether they may be absent', () => {
  const schema = z.strictObject({ a: z.string().describe('The first.'), b: z.int().optional() });
  expect(describeFields(z.toJSONSchema(schema) as JsonSchema)).toMatchObject([
    { name: 'a', type: 'text', optional: false, meaning: 'The first.' },
    { name: 'b', type: 'whole number', optional: true, meaning: '' },
  ]);
});
