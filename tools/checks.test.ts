import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

/** The scripts of package.json that make up `npm run check`. */
const SCRIPTS = ['check:types', 'check:lint', 'check:format', 'check:imports', 'check:unused'];

// Each takes one processor.
describe.concurrent('npm run check', () => {
  it.each(SCRIPTS)('%s finds nothing', async (script) => {
    const { exitCode, all } = await execa('npm', ['run', '--silent', script], { all: true, reject: false });
    expect(exitCode, all).toBe(0);
  });
});
