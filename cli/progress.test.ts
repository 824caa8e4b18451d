import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.ts';

/** A progress with a clock that the test turns, and what it wrote. */
function start(isTTY: boolean) {
  const clock = { now: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns: 40, write: (text: string) => written.push(text) };
  return { clock, written, progress: createProgress(stream, () => clock.now) };
}

describe('without a terminal', () => {
  it('is silent for two seconds, then prints each stage, and updates every ten seconds', () => {
    const { clock, written, progress } = start(false);
    progress.stage('one');
    clock.now = 3000;
    progress.stage('two');
    clock.now = 9000;
    progress.update('two, going on');
    clock.now = 13_000;
    progress.update('two, still');
    progress.stop();
    expect(written).toEqual(['[3.0 s] two\n', '[13.0 s] two, still\n']);
  });
});

describe('on a terminal', () => {
  it('rewrites one line, keeps printed lines, and leaves nothing behind', () => {
    const { clock, written, progress } = start(true);
    clock.now = 3000;
    progress.stage('one');
    progress.print('kept');
    progress.stage('a text that is much longer than the terminal is wide');
    progress.stop();
    expect(written).toEqual([
      '[3.0 s] one',
      '\r\u001b[2K',
      'kept\n',
      '[3.0 s] a text that is much longer than',
      '\r\u001b[2K',
    ]);
  });
});

it('never passes on control characters', () => {
  const { clock, written, progress } = start(false);
  clock.now = 3000;
  progress.stage('a\u001b[2Jb\nc');
  progress.stop();
  expect(written).toEqual(['[3.0 s] a\\x1b[2Jb c\n']);
});
