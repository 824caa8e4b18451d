import XMLBuilder from 'fast-xml-builder';
import { describeCounterexample, type ReportContext } from './counterexample.ts';
import { describeDriverFile } from './driver.ts';
import type { EntryOf } from './entry-of.ts';
import { escapeControls } from './escape.ts';
import type { Cell, RunView } from './run-view.ts';

/** An element as the builder takes it: `@name` is an attribute, `#text` the content. */
type Element = Record<string, unknown>;

/**
 * A run as JUnit XML: a suite for each target and contract, a test case for each property. `fail` and `flaky` are
 * failures, `errored` and `incomplete` are errors, so that no reader of JUnit takes an unfinished run for a good one.
 */
export function reportJunit(view: RunView, context: ReportContext): string {
  const builder = new XMLBuilder({
    attributeNamePrefix: '@',
    ignoreAttributes: false,
    suppressBooleanAttributes: false,
    format: true,
    indentBy: '  ',
    suppressEmptyNode: true,
    processEntities: true,
  });
  const testsuite = view.cells.map((cell) => suite(cell, view.header.startedAt, context));
  const document = {
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    testsuites: { '@name': view.header.tool.name, ...totals(view.cells), testsuite },
  };
  return builder.build(document);
}

function suite(cell: Cell, startedAt: string, context: ReportContext): Element {
  return {
    '@name': attribute(`${cell.target} ${cell.contract}`),
    '@timestamp': startedAt,
    ...totals([cell]),
    properties: { property: facts(cell).map(([name, value]) => ({ '@name': name, '@value': attribute(value) })) },
    testcase: cell.results.map((result) => testCase(cell, result, context)),
  };
}

function facts(cell: Cell): [string, string][] {
  return [
    ['kernel', cell.started?.kernel.release ?? 'unknown'],
    ['levels', (cell.started?.levels ?? []).join(' ')],
    ['programs', String(cell.programs)],
    ['operations', String(cell.operations)],
    ['clauses exercised', String(cell.coverage.exercised.length)],
    ['clauses applicable', String(cell.coverage.applicable.length)],
    ...cell.driver.map((file): [string, string] => [`driver ${file.file}`, describeDriverFile(file)]),
  ];
}

function testCase(cell: Cell, result: EntryOf<'result'>, context: ReportContext): Element {
  return {
    '@classname': attribute(`${cell.target}.${cell.contract}`),
    '@name': attribute(result.property),
    '@time': seconds(result.durationMs),
    ...outcome(cell, result, context),
  };
}

function outcome(cell: Cell, result: EntryOf<'result'>, context: ReportContext): Element {
  const troubles = cell.troubles.filter((trouble) => trouble.property === result.property);
  const messages = [result.message, ...troubles.map((trouble) => `${trouble.verdict}: ${trouble.message}`)];
  const text = messages.filter((message) => message !== undefined);
  switch (result.verdict) {
    case 'pass':
      return text.length === 0 ? {} : { 'system-out': content(text) };
    case 'skipped':
      return { skipped: { '@message': attribute(text[0] ?? 'not supported by the target') } };
    case 'errored':
    case 'incomplete':
      return { error: problem(result.verdict, text[0] ?? result.verdict, text) };
    case 'fail':
    case 'flaky': {
      const found = cell.counterexamples.filter((entry) => entry.property === result.property);
      const clauses = [...new Set(found.map((entry) => entry.disagreement.clause))];
      const details = found.flatMap((entry) => [
        ...describeCounterexample(entry, context),
        `  replay: ${context.replayCommand(entry)}`,
      ]);
      return { failure: problem(result.verdict, `breaks ${clauses.join(', ')}`, [...text, ...details]) };
    }
  }
}

function problem(type: string, message: string, lines: readonly string[]): Element {
  return { '@type': type, '@message': attribute(message), '#text': content(lines) };
}

function totals(cells: readonly Cell[]): Element {
  const results = cells.flatMap((cell) => cell.results);
  const having = (...verdicts: string[]): string =>
    String(results.filter((result) => verdicts.includes(result.verdict)).length);
  return {
    '@tests': String(results.length),
    '@failures': having('fail', 'flaky'),
    '@errors': having('errored', 'incomplete'),
    '@skipped': having('skipped'),
    '@time': seconds(results.reduce((total, result) => total + result.durationMs, 0)),
  };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** Readers of XML turn a newline in an attribute into a space, so it is shown instead. */
function attribute(text: string): string {
  return escapeControls(text).replaceAll('\n', '\\n');
}

function content(lines: readonly string[]): string {
  return escapeControls(lines.join('\n'));
}
