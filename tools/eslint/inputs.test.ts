import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inputsOfSources } from './inputs.ts';

const FILES = {
  'package-lock.json': '{}',
  'a.ts': "import './b.ts';\nimport data from './data.json' with { type: 'json' };",
  'b.ts': "export * from './c.ts';",
  // A circle.
  'c.ts': "import type { A } from './a.ts';",
  'data.json': '[]',
  'alone.ts': '',
};

test.each([
  ['a.ts', ['a.ts', 'b.ts', 'c.ts']],
  ['data.json', ['a.ts', 'b.ts', 'c.ts']],
  ['alone.ts', ['alone.ts']],
  ['package-lock.json', ['a.ts', 'alone.ts', 'b.ts', 'c.ts']],
])('a change of %s is one for all that import it', (changed, expected) => {
  const root = mkdtempSync(join(tmpdir(), 'inputs-'));
  onTestFinished(() => {
    rmSync(root, { recursive: true });
  });
  for (const [file, content] of Object.entries(FILES)) writeFileSync(join(root, file), content);
  const before = inputsOfSources(root);
  expect(inputsOfSources(root)).toEqual(before);
  writeFileSync(join(root, changed), `${FILES[changed as keyof typeof FILES]} `);
  const after = inputsOfSources(root);
  expect([...after.keys()].filter((file) => after.get(file) !== before.get(file)).sort()).toEqual(expected);
});
