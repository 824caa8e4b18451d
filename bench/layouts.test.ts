import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { THIS } from './checkout.ts';
import { layoutOf, loadParts } from './layouts.ts';

it('finds all parts of this checkout', async () => {
  const parts = await loadParts(THIS.directory);
  expect(Object.keys(parts)).toEqual(Object.keys(layoutOf(THIS.directory)));
  expect(parts.lockstep.name).toBe('lockstep');
});

it('says of a directory that is no checkout which files are missing', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'mmap-conformance-'));
  try {
    expect(() => layoutOf(directory)).toThrow(/`baseline` lacks .*adapters\/session\.ts/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
