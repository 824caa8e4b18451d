import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..');

/** What is written by hand and read by a machine: sources, and the contracts of examples. */
const SOURCES = globSync('{adapters,api,bench,cli,examples,kmod,model,properties,reports,spec}/**/*.{ts,c,h,json}', {
  cwd: ROOT,
  exclude: (name) => /(^|\/)(node_modules|corpus|schemas)$|\.test\.ts$|fixtures\.ts$/.test(name),
});

const ARCHITECTURE = readFileSync(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8');

/** The files in the first column of the table below a heading. */
function walk(heading: string): readonly string[] {
  const section = ARCHITECTURE.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, file = '']) => file);
}

/** How the example of each walk is known where it stands. */
const WALKS: [heading: string, example: RegExp, family: string][] = [
  ['A new operation', /\bfadvise\b/, 'transfers'],
  ['A new way of placing pages', /['"]remap['"]|\bremap: \{/, ''],
  ['A new level', /['"]health['"]|\bhealth: /, ''],
  ['A new kernel source', /\bpackaged(Kernel)?\b/, ''],
  ['A new report', /junit/i, ''],
];

describe('ARCHITECTURE.md: where a new X goes', () => {
  it.each(WALKS)('%s', (heading, example, family) => {
    const named = walk(heading).map((file) => file.replace('FAMILY', family));
    const found = SOURCES.filter((file) => example.test(readFileSync(path.join(ROOT, file), 'utf8')));
    expect(found.length, 'the example is there').toBeGreaterThan(2);
    expect(
      found.filter((file) => !named.includes(file)),
      'files that the walk leaves out',
    ).toEqual([]);
    expect(
      named.filter((file) => !existsSync(path.join(ROOT, file))),
      'files that there are not',
    ).toEqual([]);
  });

  it.each(['descriptors', 'transfers', 'mappings', 'advice', 'access', 'processes'])(
    'the family %s has its files',
    (family) => {
      const files = walk('A new operation').map((file) => file.replace('FAMILY', family));
      expect(files.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
    },
  );
});
