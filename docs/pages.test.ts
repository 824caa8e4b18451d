import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..');
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: ROOT })];
/** Written by hand; tables that a program writes are as wide as what they hold. */
const HAND_WRITTEN = PAGES.filter((page) => !page.includes('simulator-mutants'));
/** Columns of a window. */
const WIDTH = 100;

/** The folders of the repository; what runs and builds leave is not of it. */
const FOLDERS = new Set(
  readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
);
for (const name of ['out', 'dist', 'node_modules']) FOLDERS.delete(name);

/** What stands for one of several names in a path, and one of these. */
const PLACEHOLDERS = { FAMILY: 'mappings', AREA: 'access' };

function read(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Whether a path, as a page names it, is there: seen from the page, or from the root. */
function exists(page: string, named: string): boolean {
  const file = Object.entries(PLACEHOLDERS).reduce((text, [word, one]) => text.replaceAll(word, one), named);
  return [path.join(ROOT, path.dirname(page), file), path.join(ROOT, file)].some((candidate) => existsSync(candidate));
}

/** The targets of links that lead to files of this repository. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    const [file = ''] = target.split('#');
    return /^[a-z]+:/.test(target) || file === '' ? [] : [file];
  });
}

/**
 * Paths of files in running text. A source in TypeScript is always ours; the kernel has files in C, and runs leave files of their
 * own, so of other kinds only those below one of our folders are.
 */
function pathsOf(text: string): string[] {
  const paths = text.match(/(?<![\w@/.:-])(?:[\w@+.-]+\/)+[\w@+.-]+\.(?:ts|js|c|h|json|md|sh|patch|config)\b/g) ?? [];
  return paths.filter(
    (name) => !/^\.\/|node_modules/.test(name) && (name.endsWith('.ts') || FOLDERS.has(name.split('/')[0] ?? '')),
  );
}

describe.each(PAGES)('%s', (page) => {
  it('has links that lead somewhere', () => {
    expect(linksOf(read(page)).filter((link) => !exists(page, link))).toEqual([]);
  });

  it('names files that exist', () => {
    expect(pathsOf(read(page)).filter((name) => !exists(page, name))).toEqual([]);
  });
});

it.each(HAND_WRITTEN)('the tables of %s fit a window', (page) => {
  const rows = read(page)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(rows.filter((line) => line.length > WIDTH)).toEqual([]);
});

it('links and paths are found in a page', () => {
  const text =
    'See [a](docs/a.md#b), [c](https://x.org/d.md), `model/vma.ts`, mm/mmap.c, out/1/journal.json and spec/SPEC.md.';
  expect(linksOf(text)).toEqual(['docs/a.md']);
  expect(pathsOf(text)).toEqual(['docs/a.md', 'model/vma.ts', 'spec/SPEC.md']);
});
