import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generateSchemas, SCHEMAS_DIRECTORY } from './schemas.ts';

it('the JSON Schemas are those that the zod schemas generate (if not: npm run generate)', () => {
  const generated = generateSchemas();
  expect(readdirSync(SCHEMAS_DIRECTORY).sort()).toEqual([...generated.keys()].sort());
  for (const [file, text] of generated) {
    expect(readFileSync(new URL(file, SCHEMAS_DIRECTORY), 'utf8'), file).toBe(text);
  }
});
