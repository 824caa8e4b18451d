import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConformanceError } from '../errors.ts';
import { listContracts, loadContract, loadProgramFile } from './load.ts';

const directory = mkdtempSync(join(tmpdir(), 'load-'));
const valid = loadContract('lkmc_mmap');

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function problemOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (error instanceof ConformanceError && error.kind === 'usage') return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('loadContract', () => {
  it('knows the shipped ones by name', () => {
    expect(listContracts()).toEqual(['lkmc_mmap', 'pages_mmap']);
    expect(listContracts().map((name) => loadContract(name).name)).toEqual(listContracts());
  });

  it('reads JSON and TypeScript files', () => {
    expect(loadContract(file('mine.json', valid))).toEqual(valid);
    expect(loadContract(file('mine.ts', `export const contract: object = ${JSON.stringify(valid)};`))).toEqual(valid);
  });

  it.each([
    [
      'mmap.range: expected "any", "buffer" or "whole", got "page"',
      { ...valid, mmap: { ...valid.mmap, range: 'page' } },
    ],
    ['buffer.pages: expected at least 1, got 0', { ...valid, buffer: { ...valid.buffer, pages: 0 } }],
    [
      'read.size: must lie within the buffer, which has 4096 bytes, got 4097',
      { ...valid, buffer: { ...valid.buffer, pages: 1 }, read: { size: 4097 } },
    ],
    ['positioned: expected a boolean, got nothing', { ...valid, positioned: undefined }],
    [
      'mmap.flags[0]: expected "dontexpand" or "dontdump", got "x"',
      { ...valid, mmap: { ...valid.mmap, flags: ['x'] } },
    ],
    ['node.pat: no such field', { ...valid, node: { ...valid.node, pat: '/dev/x' } }],
    ['node.path: must start with "/", got "x"', { ...valid, node: { kind: 'proc', path: 'x' } }],
    ['expected an object, got an array', []],
    ['is a contract of version 3, but this release reads versions 1 and 2', { ...valid, version: 3 }],
    ['mmap.pages: this field is new, which needs "version": 2', { ...valid, mmap: { ...valid.mmap, pages: 'fault' } }],
    ['log: a device without it is described, which needs "version": 2', { ...valid, log: undefined }],
    [
      'mmap.range: expected "buffer" or "whole" where pages are placed by "insert", got "any"',
      { ...valid, version: 2, mmap: { ...valid.mmap, pages: 'insert' } },
    ],
    [
      'mmap.private: expected "refused" where pages are placed by "remap"',
      { ...valid, version: 2, mmap: { ...valid.mmap, range: 'whole', pages: 'remap' } },
    ],
    ['node.path: a node of kind "proc" lies within /proc', { ...valid, node: { kind: 'proc', path: '/dev/x' } }],
    [':1:7: not JSON', '{"a": }'],
    [':3:2: not JSON', '{\n "a": 1\n "b": 2\n}'],
    [':2:7: not JSON: the text ends too early', '{\n"a": ['],
    [':1:1: not JSON: the text ends too early', ''],
  ])('says %s', (sentence, content) => {
    expect(problemOf(() => loadContract(file('wrong.json', content)))).toContain(sentence);
  });

  it('says what is known for an unknown name', () => {
    expect(problemOf(() => loadContract('lkmc_map'))).toBe(
      'unknown contract "lkmc_map" (did you mean lkmc_mmap?); known are: lkmc_mmap, pages_mmap',
    );
  });

  it('says why a file cannot be read', () => {
    const missing = join(directory, 'missing.json');
    expect(problemOf(() => loadContract(missing))).toBe(`cannot read the contract ${missing}: there is no such file`);
    expect(problemOf(() => loadContract(directory))).toContain('it is a directory');
    expect(problemOf(() => loadContract(file('broken.ts', 'throw new Error("sorry");')))).toContain('sorry');
  });
});

describe('loadProgramFile', () => {
  const load = (op: object): string => {
    const program = { version: 2, ops: [op] };
    return problemOf(() => loadProgramFile(file('program.json', { contract: 'lkmc_mmap', reason: 'test', program })));
  };

  it.each([
    ['program.ops[0].op: expected "open", "close", "dup"', { op: 'opn', actor: 'p0' }],
    [
      'program.ops[0].at.offset: expected a number, got nothing',
      { op: 'load', actor: 'p0', at: { map: 'm0' }, length: 4 },
    ],
    [
      'program.ops[0].length: expected a whole number or a string, got 1.5',
      { op: 'munmap', actor: 'p0', at: { arena: 0 }, length: 1.5 },
    ],
    ['program.ops[0].actor: a process is named p0 … p999, got "q0"', { op: 'checkpoint', actor: 'q0' }],
    ['program.ops[0].actor: p0 observes until the end and cannot exit', { op: 'exit', actor: 'p0' }],
  ])('says %s', (sentence, op) => expect(load(op)).toContain(sentence));

  it('refuses a program of another version', () => {
    const path = file('old.json', { contract: 'lkmc_mmap', reason: 'test', program: { version: 0, ops: [] } });
    expect(problemOf(() => loadProgramFile(path))).toContain('is a program of version 0');
  });
});
