import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { Contract } from '../../spec/contract.ts';
import { CONTRACT_PAGE_FILE, generateContractPage } from './contract-page.ts';

it('docs/contract.md is the page that the schema generates (if not: npm run generate)', () => {
  expect(readFileSync(CONTRACT_PAGE_FILE, 'utf8')).toBe(generateContractPage());
});

it('every field has a description of its own, for editors', () => {
  const bare: string[] = [];
  const visit = (schema: Record<string, unknown>, path: string): void => {
    for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, typeof schema>)) {
      if (typeof field['description'] !== 'string') bare.push(`${path}${name}`);
      visit(field, `${path}${name}.`);
    }
  };
  const { $defs } = z.toJSONSchema(Contract, { io: 'input' }) as { $defs: Record<string, Record<string, unknown>> };
  visit($defs['Contract'] ?? {}, '');
  expect(bare).toEqual([]);
});

it('the module that the page shows is a contract', async () => {
  const source = /```ts\nexport const contract = ([^`]*);\n```/.exec(generateContractPage())?.[1] ?? '';
  const shown = (await import(`data:text/javascript,export const contract = ${encodeURIComponent(source)}`)) as {
    contract: unknown;
  };
  expect(Contract.safeParse(shown.contract).error?.issues).toBeUndefined();
});
