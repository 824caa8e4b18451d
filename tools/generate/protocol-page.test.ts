import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { EXAMPLES, generateProtocolPage, hiddenCommands, PROTOCOL_PAGE } from './protocol-page.ts';

const SIMULATOR = fileURLToPath(new URL('../../adapters/simulator/main.ts', import.meta.url));
const page = readFileSync(PROTOCOL_PAGE, 'utf8');

/** The lines of an example on the page that one side says. */
function said(example: string, by: '> ' | '< '): string[] {
  const block = new RegExp(`<!-- generated: example ${example} -->\n([\\s\\S]*?)<!-- end -->`).exec(page)?.[1] ?? '';
  return block.split('\n').flatMap((line) => (line.startsWith(by) ? [line.slice(by.length)] : []));
}

it('the page is the one that the schemas generate (if not: npm run generate)', () => {
  expect(page).toBe(generateProtocolPage(page));
});

describe('every example on the page is what an adapter answers', () => {
  it.each(EXAMPLES)('%s', async (example) => {
    const commands = said(example, '> ');
    expect(commands).not.toEqual([]);
    const hidden = hiddenCommands(example).map((command) => JSON.stringify(command));
    const input = [...hidden, ...commands].map((line) => `${line}\n`).join('');
    const { stdout } = await execa(process.execPath, [SIMULATOR], { input });
    expect(stdout.split('\n').slice(hidden.length)).toEqual(said(example, '< '));
  });
});

it('the page shows every message', () => {
  const shown = EXAMPLES.flatMap((example) => [...said(example, '> '), ...said(example, '< ')]).join('\n');
  const names = [
    'start',
    'configure',
    'run',
    'stop',
    'started',
    'configured',
    'refused',
    'stopped',
    'observed',
    'errored',
    'repeated',
  ];
  for (const name of names) expect(shown).toContain(`:"${name}"`);
});
