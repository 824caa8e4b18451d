import { type Verdict, VERDICTS } from '../spec/journal.ts';
import { describeDriverFile } from './driver.ts';
import { escapeControls } from './escape.ts';
import { formatCount } from './format.ts';
import type { Cell, RunView } from './run-view.ts';

/** Why something was not checked, and where that was so. */
interface Message {
  readonly verdict: Verdict;
  readonly text: string;
  readonly properties: ReadonlySet<string>;
}

/** A message with everything on one target that it is about. */
interface Problem {
  readonly target: string;
  readonly text: string;
  readonly contracts: Set<string>;
  readonly properties: Set<string>;
}

/** What `coverage.md` says of a target with a contract before its table: all that was not checked, and why. */
export function notesOn(cell: Cell): string[] {
  const others = VERDICTS.filter((verdict) => verdict !== 'pass' && cell.verdicts[verdict] > 0);
  const counts = ['pass' as const, ...others].map((verdict) => `${formatCount(cell.verdicts[verdict])} ${verdict}`);
  const missed = unreachedClauses(cell);
  return [
    ...(others.length > 0 ? [`programs: ${counts.join(', ')}`] : []),
    ...(missed.length > 0 ? [`clauses not reached: ${missed.join(', ')}`] : []),
    ...messagesOf(cell).map(({ verdict, text, properties }) => `${[...properties].join(', ')}: ${verdict}: ${text}`),
  ].map(escapeControls);
}

/** Clauses that apply and were not reached, where programs were made to reach them: without `lockstep` none are. */
export function unreachedClauses({ coverage, results }: Cell): readonly string[] {
  if (!results.some(({ property }) => property === 'lockstep')) return [];
  return coverage.applicable.filter((clause) => !coverage.exercised.includes(clause));
}

/**
 * What kept a run from checking something that it was to check: each message once for all contracts and properties that it
 * stopped, for a target that does not start says the same for all of them.
 */
export function describeProblems({ header, cells }: RunView): string[] {
  const found = new Map<string, Problem>();
  for (const cell of cells) {
    const { target, contract, verdict } = cell;
    for (const message of messagesOf(cell)) {
      // What was skipped beside a pass spoils nothing; `describeSkips` counts it.
      if (message.verdict === 'skipped' && verdict !== 'skipped') continue;
      const text = `${message.verdict}: ${message.text}`;
      const problem = found.get(`${target}\0${text}`) ?? { target, text, contracts: new Set(), properties: new Set() };
      problem.contracts.add(contract);
      for (const property of message.properties) problem.properties.add(property);
      found.set(`${target}\0${text}`, problem);
    }
  }
  return [...found.values()].map(({ target, text, contracts, properties }) => {
    const where = [target, ...(contracts.size < header.contracts.length ? contracts : [])].join(' ');
    const what = properties.size < header.properties.length ? `${[...properties].join(', ')}: ` : '';
    return escapeControls(`${where}: ${what}${text}`);
  });
}

/** One line for everything that was not checked and spoils nothing; none if that is nothing. */
export function describeSkips({ cells }: RunView): string[] {
  const programs = cells.reduce((sum, cell) => sum + cell.verdicts.skipped, 0);
  const properties = cells.flatMap((cell) => cell.results).filter(({ verdict }) => verdict === 'skipped').length;
  const clauses = cells.reduce((sum, cell) => sum + unreachedClauses(cell).length, 0);
  const skipped = [count(programs, 'program', 'programs'), count(properties, 'property', 'properties')].flat();
  const parts = [
    ...(skipped.length > 0 ? [`skipped: ${skipped.join(', ')}`] : []),
    ...(clauses > 0 ? [`not reached: ${count(clauses, 'clause', 'clauses').join('')}`] : []),
  ];
  return parts.length === 0 ? [] : [`${parts.join('; ')}; see coverage.md`];
}

/** What was reached of each source file of a driver, without the lists of lines, which may be long. */
export function describeDrivers({ cells }: RunView): string[] {
  return cells.flatMap(({ target, contract, driver }) =>
    driver.map((file) => `${target} ${contract}: ${describeDriverFile({ ...file, never: [], partly: [] })}`),
  );
}

function count(number: number, one: string, many: string): string[] {
  return number === 0 ? [] : [`${formatCount(number)} ${number === 1 ? one : many}`];
}

/** Each message once, with the properties that it is about. */
function messagesOf(cell: Cell): Message[] {
  const messages = new Map<string, { verdict: Verdict; text: string; properties: Set<string> }>();
  const add = (verdict: Verdict, property: string, text: string | undefined): void => {
    if (text === undefined) return;
    const key = `${verdict}: ${text}`;
    const message = messages.get(key) ?? { verdict, text, properties: new Set() };
    message.properties.add(property);
    messages.set(key, message);
  };
  for (const trouble of cell.troubles) add(trouble.verdict, trouble.property, trouble.message);
  for (const result of cell.results) {
    // A result has the first line of what it stopped at, the trouble all of it.
    const told = cell.troubles.find(({ message }) => message.split('\n')[0] === result.message);
    add(result.verdict, result.property, told?.message ?? result.message);
  }
  return [...messages.values()];
}
