import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { type ClauseText, describeCounterexample, type ReportContext } from './counterexample.ts';
import { reportCoverage } from './coverage.ts';
import { escapeControls } from './escape.ts';
import {
  counterexample,
  coverage,
  driver,
  failingRun,
  footer,
  header,
  passed,
  passingRun,
  started,
} from '../tools/testing/journal.ts';
import { formatDuration, formatMinutes, formatTable, formatValue, type Paint, wrapList } from './format.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import { type RunView, viewRun } from './run-view.ts';
import { summarize as summarizeRun } from './summary.ts';

const HEAD = 'target  contract   verdict  programs  operations  ops/s  clauses  time';

const context: ReportContext = {
  clause: (id) => (id === 'READ-02' ? { level: 'MUST', text: 'read returns bytes', source: 'read(2)' } : undefined),
  replayCommand: (entry) => `mmap-conformance replay ${entry.token} --target ${entry.target}`,
};

describe('viewRun', () => {
  it('adds up what a target and a contract showed', () => {
    const [cell] = viewRun(header, passingRun).cells;
    expect(cell).toMatchObject({ verdict: 'pass', programs: 10, operations: 1234, operationsPerSecond: 2468 });
    expect(cell?.coverage).toMatchObject({
      applicable: ['MAP-01', 'MAP-07', 'READ-02'],
      exercised: ['MAP-01', 'READ-02'],
    });
  });

  it('calls a property without a result incomplete, never pass', () => {
    const view = viewRun({ ...header, properties: ['corpus', 'lockstep'] }, [header, started, passed, coverage]);
    expect(view.cells[0]?.verdict).toBe('incomplete');
    expect(view.cells[0]?.results.map((result) => result.verdict)).toEqual(['incomplete', 'pass']);
  });
});

describe('summarize', () => {
  const summarize = (view: RunView, paint?: Paint): string[] => summarizeRun(view, context, 'out/7', paint);

  it('shows the clause, the failing step, both observations and the replay command', () => {
    const text = summarize(viewRun(header, failingRun)).join('\n');
    expect(text).toContain('FAIL sim lkmc_mmap lockstep: breaks READ-02');
    expect(text).toContain('MUST: read returns bytes (read(2))');
    expect(text).toContain('  >   1  p0: read(d0, 4) \\x1b[2J</failure>');
    expect(text).toContain('expected outcome: {"ret":4}');
    expect(text).toContain('replay: mmap-conformance replay TOKEN --target sim');
    expect(text).toContain('not reached: 1 clause; see coverage.md');
    expect(text).toContain('1,234');
  });

  it('lets no control character of a target through', () => {
    const text = summarize(viewRun(header, failingRun)).join('');
    expect(text).not.toContain('\u001b');
  });

  it('says the verdict first, then what failed; the commands that replay it come last', () => {
    const second = { ...counterexample, token: 'OTHER' };
    const lines = summarize(viewRun(header, [...failingRun, second]));
    expect(lines[0]).toBe('fail: at least one program broke a clause');
    expect(lines.findIndex((line) => line.startsWith('FAIL'))).toBeLessThan(lines.indexOf(HEAD));
    expect(lines.slice(-2)).toEqual([
      'replay: mmap-conformance replay TOKEN --target sim',
      'replay: mmap-conformance replay OTHER --target sim',
    ]);
  });

  it('has one screen for a run that passes, and one line for what was skipped', () => {
    const targets = ['sim', 'memfd', 'kernel:6.12'];
    const contracts = ['lkmc_mmap', 'pages_mmap'];
    const all = { ...header, targets, contracts, properties: ['lockstep', 'leak'] };
    const skip = { ...passed, property: 'leak', verdict: 'skipped' as const, message: 'no callbacks' };
    const big = { ...passed, programs: 1_000_080, operations: 20_300_000, durationMs: 3_540_000 };
    const entries = targets.flatMap((target) =>
      contracts.flatMap((contract) => [started, big, skip, coverage].map((entry) => ({ ...entry, target, contract }))),
    );
    const lines = summarize(viewRun(all, [all, ...entries, footer]));
    expect(lines[0]).toBe('pass: every program behaved as the contract says');
    expect(lines).toContain('skipped: 6 properties; not reached: 6 clauses; see coverage.md');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThan(24);
    expect(lines).toContain('kerne…6.12  pages_mmap  pass     1,000,090  20,301,234  5,734      2/3  59.0 min');
  });

  it('colours the verdict, and not a target that is called like one', () => {
    const named = { ...header, targets: ['a pass b'] };
    const entries = [started, passed, coverage].map((entry) => ({ ...entry, target: 'a pass b' }));
    const paint: Paint = (style, text) => (style === 'green' ? `<${text.trimEnd()}>` : text);
    const lines = summarize(viewRun(named, [named, ...entries, footer]), paint);
    expect(lines.find((line) => line.startsWith('a pass'))).toMatch(/^a pass b {2}lkmc_mmap {2}<pass> /);
  });

  it('says that a run without a footer is incomplete', () => {
    const text = summarize(viewRun(header, passingRun.slice(0, -1))).join('\n');
    expect(text).toContain('incomplete: the run did not reach its end');
  });

  it('says what has to be known of a target once, whatever the contracts', () => {
    const both = { ...header, contracts: ['lkmc_mmap', 'pages_mmap'] };
    const noted = { ...started, note: 'not measured' };
    const lines = summarize(viewRun(both, [both, noted, { ...noted, contract: 'pages_mmap' }]));
    expect(lines.filter((line) => line.includes('not measured'))).toEqual(['sim: not measured']);
  });

  it('says a message once for all properties that it stopped', () => {
    const broken = { ...passed, verdict: 'errored' as const, message: 'no such guest' };
    const both = { ...header, contracts: ['lkmc_mmap', 'pages_mmap'], properties: ['corpus', 'lockstep'] };
    const results = both.contracts.flatMap((contract) =>
      both.properties.map((property) => ({ ...broken, contract, property })),
    );
    const lines = summarize(viewRun(both, [both, ...results]));
    expect(lines.filter((line) => line.includes('no such guest'))).toEqual(['sim: errored: no such guest']);
  });

  it('marks a disagreement after the last operation', () => {
    const disagreement = { ...counterexample.disagreement, step: 2 };
    const lines = describeCounterexample({ ...counterexample, disagreement }, context);
    expect(lines).toContain('  > at the end, when everything is released');
  });
});

describe('reportJunit', () => {
  const parse = (xml: string): unknown =>
    new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: true }).parse(xml);

  it('stays a document whatever a target printed', () => {
    const xml = reportJunit(viewRun(header, failingRun), context);
    expect(xml).not.toMatch(/[^\n\x20-\x7e]/);
    expect(xml).toContain('&quot;EIO\\u001b[31m]]&gt;&quot;');
    expect(xml).toContain('p0: read(d0, 4) \\x1b[2J&lt;/failure&gt;');
    expect(parse(xml)).toHaveProperty('testsuites.testsuite.testcase.failure');
  });

  it('has a test case for each property, with the failure in it', () => {
    expect(parse(reportJunit(viewRun(header, failingRun), context))).toMatchObject({
      testsuites: {
        tests: 1,
        failures: 1,
        errors: 0,
        testsuite: {
          name: 'sim lkmc_mmap',
          testcase: {
            name: 'lockstep',
            classname: 'sim.lkmc_mmap',
            failure: { message: 'breaks READ-02', type: 'fail' },
          },
        },
      },
    });
  });

  it('counts what was not finished as an error', () => {
    expect(parse(reportJunit(viewRun(header, [header]), context))).toMatchObject({
      testsuites: { tests: 1, failures: 0, errors: 1, testsuite: { testcase: { error: { type: 'incomplete' } } } },
    });
  });
});

describe('reportCoverage', () => {
  it('has a row for each clause and a column for each target and contract', () => {
    const both = { ...header, targets: ['sim', 'memfd'] };
    const other = { ...coverage, target: 'memfd', clauses: { 'READ-02': 1234, 'READ-09': 0 } };
    const lines = reportCoverage(viewRun(both, [both, coverage, other]), context.clause).split('\n');
    expect(lines.filter((line) => line.startsWith('|'))).toEqual([
      '| clause | requirement | sim lkmc_mmap | memfd lkmc_mmap |',
      '| --- | --- | ---: | ---: |',
      '| MAP-01 |  | 12 | – |',
      '| MAP-07 |  | 0 | – |',
      '| READ-02 | read returns bytes | 3 | 1,234 |',
      '| READ-09 |  | – | 0 |',
      '| **reached** |  | 2 of 3 | 1 of 2 |',
    ]);
  });

  it('keeps what would break the table in its cell', () => {
    const lookup = (): ClauseText => ({ level: 'MUST', text: 'a|b\nc\u001b', source: '' });
    const text = reportCoverage(viewRun(header, passingRun), lookup);
    expect(text).toContain(String.raw`| MAP-01 | a\|b c\x1b | 12 |`);
  });

  it('says before everything else what was not checked, and why', () => {
    const skipped = { ...passed, property: 'leak', verdict: 'skipped' as const, message: 'no |callbacks|' };
    const both = { ...header, properties: ['lockstep', 'leak'] };
    const lines = reportCoverage(viewRun(both, [both, started, passed, skipped, coverage]), context.clause).split('\n');
    expect(lines.slice(2, 6)).toEqual([
      '# What was not checked',
      '',
      '- sim lkmc_mmap: clauses not reached: MAP-07',
      '- sim lkmc_mmap: leak: skipped: no |callbacks|',
    ]);
  });

  it('says where a run did not get to', () => {
    const text = reportCoverage(viewRun(header, [header, started]), context.clause);
    expect(text).toContain('The run did not get to: sim lkmc_mmap.');
  });
});

describe('reportJson', () => {
  it('holds what CI asks for', () => {
    const report = reportJson(viewRun(header, passingRun), { journal: 'j', junit: 'x', coverage: 'c' }, context.clause);
    expect(report).toMatchObject({ seed: 7, verdict: 'pass', exitCode: 0, files: { journal: 'j' } });
    expect(report.results[0]).toMatchObject({
      target: 'sim',
      contract: 'lkmc_mmap',
      kernel: { release: '6.12.0-sim' },
      levels: ['outcome', 'layout'],
      programs: 10,
      operations: 1234,
      clauses: { exercised: 2, applicable: 3, notExercised: ['MAP-07'] },
      verdicts: { pass: 10, fail: 0 },
      durationMs: 500,
      operationsPerSecond: 2468,
    });
  });
});

describe('formatting', () => {
  it('shows control characters and direction overrides, and keeps newlines', () => {
    expect(escapeControls('a\tb\u001b[0m\u202e\nc\ud800é€😀')).toBe('a\\x09b\\x1b[0m\\u202e\nc\\ud800é€😀');
  });

  it('puts values on one line', () => {
    expect(formatValue('a\nb')).toBe('a\\nb');
    expect(formatValue(undefined)).toBe('nothing');
  });

  it.each([
    [12, '12 ms'],
    [12_340, '12.3 s'],
    [245_000, '4 min 5 s'],
  ])('%d milliseconds are %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

  it('shortens the texts of a table in the middle, the widest first, until it fits', () => {
    const rows = [
      ['name', 'kind', 'n'],
      ['a-very-long-name', 'short', '1'],
    ];
    expect(formatTable(rows, { width: 20, shortened: [0, 1] })).toEqual([
      'name        kind   n',
      'a-ver…name  short  1',
    ]);
  });

  it('wraps lists', () => {
    expect(wrapList('k: ', ['aaaa', 'bbbb', 'cccc'], 13)).toEqual(['k: aaaa,', '   bbbb, cccc']);
    expect(wrapList('k: ', [], 13)).toEqual([]);
  });

  it('says long times in minutes', () =>
    expect([formatMinutes(900), formatMinutes(246_000)]).toEqual(['900 ms', '4.1 min']));

  it('aligns numbers to the right', () => {
    expect(
      formatTable([
        ['name', 'n'],
        ['a', '1,000'],
        ['b', '2'],
      ]),
    ).toEqual(['name      n', 'a     1,000', 'b         2']);
  });
});

describe('what was reached of the driver', () => {
  const view = viewRun(header, [...passingRun, driver]);
  const line = 'core.c: 61 of 63 lines, 22 of 24 branches; never: 7, 131-133; not in every way: 6, 120';

  it('is a line of the summary for each source file, without the lists, which may be long', () => {
    expect(summarizeRun(view, context, 'out/7')).toEqual(
      expect.arrayContaining([
        'sim lkmc_mmap: core.c: 61 of 63 lines, 22 of 24 branches',
        'sim lkmc_mmap: sub/map.c: 4 of 4 lines, 0 of 0 branches',
      ]),
    );
  });

  it('is listed with the text of the lines that were not, below the clauses, which it does not change', () => {
    const without = reportCoverage(viewRun(header, passingRun), context.clause);
    const report = reportCoverage(view, context.clause);
    expect(report.startsWith(without)).toBe(true);
    expect(report.slice(without.length)).toBe(`
# Coverage of the drivers

Listed is what was never reached, and with a tilde what was, but not left in every way.

## sim lkmc_mmap

${line}.

\`\`\`\`\`\`
    6 ~     if (!x)

    7       return -ENOMEM; /* \\x1b[31m */

  120 ~     if (x && y)

  131   err_free:
  132       kfree(x);
  133       return err;
\`\`\`\`\`\`

sub/map.c: 4 of 4 lines, 0 of 0 branches.
`);
  });

  it('is a property of the suite in JUnit, and an object in JSON', () => {
    expect(reportJunit(view, context)).toContain(`<property name="driver core.c" value="${line}"/>`);
    const files = { journal: 'j', junit: 'x', coverage: 'c' };
    expect(reportJson(view, files, context.clause).results[0]?.driver).toEqual(driver.files);
    expect(reportJson(viewRun(header, passingRun), files, context.clause).results[0]?.driver).toEqual([]);
  });
});
