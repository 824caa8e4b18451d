import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConformanceError } from '../spec/errors.ts';
import { failingRun, header, passingRun } from '../tools/testing/journal.ts';
import { createJournal } from './journal-writer.ts';
import { parseJournal, readJournal } from './read-journal.ts';

const text = (entries: readonly unknown[]): string => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

describe('the journal', () => {
  it('comes back as it was written', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'journal-')), 'new', 'journal.jsonl');
    const writer = createJournal(path);
    for (const entry of failingRun) {
      writer.write(entry);
      // Each entry is in the file before `write` returns.
      expect(readFileSync(path, 'utf8').endsWith(`${JSON.stringify(entry)}\n`)).toBe(true);
    }
    writer.close();
    expect(readJournal(path)).toMatchObject({ entries: failingRun, cutOff: false, footer: { exitCode: 1 } });
  });

  it('is moved aside, not overwritten, by the next run', () => {
    const directory = mkdtempSync(join(tmpdir(), 'journal-'));
    const path = join(directory, 'journal.jsonl');
    const first = createJournal(path);
    first.write(header);
    createJournal(path).close();
    first.close();
    const [older, newer] = readdirSync(directory).sort();
    expect(newer).toBe('journal.jsonl');
    expect(older).toMatch(/^journal\.\d{4}-.*Z\.jsonl$/);
    expect(readJournal(join(directory, older ?? '')).header).toEqual(header);
  });

  it('is read up to a line that was cut off', () => {
    const whole = text(passingRun);
    const journal = parseJournal(whole.slice(0, -20), 'j');
    expect(journal).toMatchObject({ cutOff: true, footer: undefined });
    expect(journal.entries).toEqual(passingRun.slice(0, -1));
  });

  it.each([
    [
      'of another version',
      text([{ ...header, version: 9 }]),
      'j is a journal of version 9, but this release reads version 3',
    ],
    ['that is empty', '', 'j is not a journal: it does not begin with a whole header'],
    ['without a header', text(passingRun.slice(1)), 'j is not a journal: it does not begin with a whole header'],
    ['with a broken line', `${text([header])}{"type":\n`, 'j:2:9: not JSON: the text ends too early'],
    [
      'with a wrong field',
      text([header, { ...passingRun[2], verdict: 'good' }]),
      'j:2 is not a valid journal entry: verdict: expected "pass", "fail", "skipped", "errored", "flaky" or "incomplete", got "good"',
    ],
  ])('%s is refused with a sentence', (_, content, sentence) => {
    expect(() => parseJournal(content, 'j')).toThrow(ConformanceError);
    expect(() => parseJournal(content, 'j')).toThrow(sentence);
  });
});
