import type { ClauseLookup } from './counterexample.ts';
import { describeDriverFile, listMissedLines } from './driver.ts';
import { escapeControls } from './escape.ts';
import { formatCount } from './format.ts';
import { notesOn } from './notes.ts';
import type { Cell, RunView } from './run-view.ts';

/** Marks a clause that does not apply to a target with a contract. */
const NOT_APPLICABLE = '–';

/**
 * What a run has and has not checked, as Markdown: what was skipped and why; how often each clause was exercised, a row for each
 * clause, a column for each target and contract; which lines of the drivers were not reached. A clause counts once for each
 * expectation that it decided and that was compared.
 */
export function reportCoverage(view: RunView, clause: ClauseLookup): string {
  const { header, cells } = view;
  const ids = [...new Set(cells.flatMap((cell) => [...cell.coverage.counts.keys()]))];
  const rows = [
    ['clause', 'requirement', ...cells.map((cell) => `${cell.target} ${cell.contract}`)],
    ['---', '---', ...cells.map(() => '---:')],
    ...ids.map((id) => [id, clause(id)?.text ?? '', ...cells.map((cell) => countOf(cell, id))]),
    ['**reached**', '', ...cells.map(({ coverage }) => totalOf(coverage))],
  ];
  return [
    `${header.tool.name} ${header.tool.version}, seed ${String(header.seed)}, started ${header.startedAt}.`,
    '',
    ...unchecked(cells),
    '# Coverage of the clauses',
    '',
    `A number says how often the clause decided what was compared; 0 was not reached, ${NOT_APPLICABLE} does not apply there.`,
    '',
    ...rows.map((row) => `| ${row.map(cellText).join(' | ')} |`),
    ...missing(cells),
    ...drivers(cells),
    '',
  ].join('\n');
}

/** What was not checked; nothing if that is nothing. */
function unchecked(cells: readonly Cell[]): string[] {
  const notes = cells.flatMap((cell) => notesOn(cell).map((note) => `- ${cell.target} ${cell.contract}: ${note}`));
  return notes.length === 0
    ? []
    : ['# What was not checked', '', ...notes.map((note) => note.replaceAll('\n', ' ')), ''];
}

function countOf({ coverage }: Cell, id: string): string {
  const count = coverage.counts.get(id);
  return count === undefined ? NOT_APPLICABLE : formatCount(count);
}

function totalOf({ applicable, exercised }: Cell['coverage']): string {
  return `${String(exercised.length)} of ${String(applicable.length)}`;
}

/** Cells about which the journal says nothing: an empty column must not look like one that was measured. */
function missing(cells: readonly Cell[]): string[] {
  const without = cells.filter(({ coverage }) => coverage.counts.size === 0);
  return without.length === 0
    ? []
    : ['', `The run did not get to: ${without.map(({ target, contract }) => `${target} ${contract}`).join(', ')}.`];
}

/** What of the drivers' sources was reached, with the lines that were not. */
function drivers(cells: readonly Cell[]): string[] {
  const counted = cells.filter(({ driver }) => driver.length > 0);
  if (counted.length === 0) return [];
  const sections = counted.flatMap(({ target, contract, driver }) => [
    '',
    `## ${target} ${contract}`,
    ...driver.flatMap((file) => ['', `${cellText(describeDriverFile(file))}.`, ...fenced(listMissedLines(file))]),
  ]);
  return [
    '',
    '# Coverage of the drivers',
    '',
    'Listed is what was never reached, and with a tilde what was, but not left in every way.',
    ...sections,
  ];
}

function fenced(lines: readonly string[]): string[] {
  // Longer than any fence that a source could contain in a comment.
  return lines.length === 0 ? [] : ['', '``````', ...lines, '``````'];
}

function cellText(text: string): string {
  return escapeControls(text)
    .replaceAll('\n', ' ')
    .replaceAll('|', String.raw`\|`);
}
