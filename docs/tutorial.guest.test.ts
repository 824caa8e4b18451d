import { readFileSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../tools/testing/spawn-cli.ts';
import { loadProgramFile } from '../spec/io/load.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(REPOSITORY, 'docs/tutorial.md'), 'utf8');

/** A block of the page between two fences, with what stands behind the first one. */
interface Block {
  readonly language: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
}

const BLOCKS = [...PAGE.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(
  ([, language = '', rest = '', text = '']): Block => {
    const attributes = new Map([...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]));
    return { language, attributes, text };
  },
);

/** What a reader does: saves a file, or runs commands and sees what they print. */
interface Step {
  readonly name: string;
  readonly block: Block;
  readonly save?: string;
  readonly shown?: string;
}

const STEPS = BLOCKS.flatMap((block, index): Step[] => {
  const save = block.attributes.get('title');
  if (save !== undefined) return [{ name: `saves ${save}`, block, save }];
  if (block.language !== 'sh') return [];
  const next = BLOCKS[index + 1];
  const name = block.text.trim().split('\n').join('; ');
  return [{ name, block, ...(next?.language === 'text' && { shown: next.text }) }];
});

const directory = temporaryDirectory();
const bin = join(directory, 'bin');
mkdirSync(bin);
symlinkSync(join(REPOSITORY, 'cli/main.ts'), join(bin, 'mmap-conformance'));
symlinkSync(join(REPOSITORY, 'examples'), join(directory, 'examples'));

/** Whether a line is what the page shows, where `…` stands for anything and blanks for any number of them. */
function isShown(line: string, pattern: string): boolean {
  const parts = pattern
    .trim()
    .split('…')
    .map((part) => RegExp.escape(part).replaceAll(/(?:\\x20)+/g, String.raw`\s+`));
  return new RegExp(`^${parts.join('.*')}$`).test(line.trim());
}

/** The lines of the page must appear in the output, in their order. */
function expectShown(output: string, shown: string): void {
  const lines = output.split('\n');
  let from = 0;
  for (const pattern of shown.split('\n').filter((line) => line.trim() !== '')) {
    const found = lines.findIndex((line, index) => index >= from && isShown(line, pattern));
    expect(found, `"${pattern}" is not in\n${output}`).toBeGreaterThanOrEqual(0);
    from = found + 1;
  }
}

describe('the tutorial, step by step', () => {
  for (const { name, save, block, shown = '' } of STEPS) {
    it(name, async () => {
      if (save !== undefined) {
        writeFileSync(join(directory, save), block.text);
        return;
      }
      const { exitCode, all } = await execa('sh', ['-e', '-c', block.text], {
        cwd: directory,
        reject: false,
        all: true,
        env: { PATH: `${bin}:${join(REPOSITORY, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
      });
      expect(exitCode, all).toBe(Number(block.attributes.get('exit') ?? 0));
      expectShown(all, shown);
    });
  }

  it.each([
    ['out-1', 'MAP-32', 2],
    ['out-2', 'ALIAS-02', 3],
    ['out-3', 'PLACE-01', 2],
  ])('%s holds a shortest program: %s with %i operations', (out, clause, operations) => {
    const { reason, program } = loadProgramFile(join(directory, out, 'counterexample-1.json'));
    expect({ reason, operations: program.ops.length }).toEqual({
      reason: expect.stringContaining(`breaks ${clause}`) as string,
      operations,
    });
  });
});
