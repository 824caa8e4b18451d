import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AREAS, CLAUSES } from '../../spec/clauses.ts';
import { generatePage, PAGE_FILE } from './clause-page.ts';

it('SPEC.md is the page that the clauses generate (if not: npm run generate)', () => {
  expect(readFileSync(PAGE_FILE, 'utf8')).toBe(generatePage());
});

it('the page has one row for each clause', () => {
  const ids = generatePage()
    .split('\n')
    .flatMap((line) => /^\| ([A-Z0-9]+-[0-9]+[a-z]?) \|/.exec(line)?.[1] ?? []);
  expect(ids).toEqual(AREAS.flatMap(([, clauses]) => clauses.map(({ id }) => id)));
});

it('no id is used twice', () => {
  expect(CLAUSES.size).toBe(AREAS.reduce((count, [, clauses]) => count + clauses.length, 0));
});

it.each([
  ['MAP-20', 'where mappings may be as long as the kernel allows'],
  ['MAP-14', '`lkmc_mmap`'],
  ['FAULT-08', '`pages_mmap`; with protection keys'],
  ['MAP-01', 'everywhere'],
  ['FAULT-07', '`pages_mmap`'],
])('says where %s applies: %s', (id, where) => {
  const line = generatePage()
    .split('\n')
    .find((candidate) => candidate.startsWith(`| ${id} |`));
  expect(line?.split(' | ')[3]).toBe(where);
});
