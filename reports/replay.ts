import { fieldOf, LEVELS } from '../spec/observation.ts';
import { escapeControls } from './escape.ts';
import { formatValue, type Paint, plain } from './format.ts';

/** One operation of a replayed program: in text form, with what was expected and what was observed. */
export interface ReplayedStep {
  readonly text: string;
  /** By level, or anything else that a person can read. */
  readonly expected: unknown;
  readonly observed: unknown;
  readonly disagreement?: { readonly clause: string; readonly level: string };
}

/** The report of a replay, one string for each line: each level once where both agree, else both. */
export function describeReplay(steps: readonly ReplayedStep[], paint: Paint = plain): string[] {
  return steps.flatMap((step, index) => {
    const head = `${String(index).padStart(3)}  ${escapeControls(step.text)}`;
    const { disagreement } = step;
    const level = LEVELS.find((one) => one === disagreement?.level);
    const disagreeing = level === undefined ? disagreement?.level : fieldOf(level);
    return [
      disagreement === undefined ? `  ${head}` : paint('red', `> ${head}  breaks ${disagreement.clause}`),
      ...fieldsOf(step).flatMap((field) => describeField(step, field, field === disagreeing, paint)),
    ];
  });
}

function describeField(step: ReplayedStep, field: string, disagrees: boolean, paint: Paint): string[] {
  const expected = formatValue(at(step.expected, field));
  const observed = formatValue(at(step.observed, field));
  const margin = disagrees ? '>      ' : '       ';
  if (expected === observed) return [`${margin}${field}: ${observed}`];
  const lines = [`${margin}${field} expected: ${expected}`, `${margin}${field} observed: ${observed}`];
  return disagrees ? lines.map((line) => paint('red', line)) : lines;
}

/** The fields of the levels that either side speaks of, coarse to fine, then whatever else there is. */
function fieldsOf(step: ReplayedStep): string[] {
  const keys = new Set([step.expected, step.observed].flatMap((side) => (isRecord(side) ? Object.keys(side) : [])));
  if (keys.size === 0) return [''];
  const known = LEVELS.map(fieldOf).filter((field) => keys.delete(field));
  return [...known, ...keys];
}

function at(side: unknown, field: string): unknown {
  return isRecord(side) ? side[field] : field === '' ? side : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
