import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

/** A schema violation as one phrase for people: `mmap.range: expected "any" or "buffer", got "page"`. */
export function describeIssue(issue: Issue, input: unknown): string {
  const { path, problem } = explainIssue(issue, input);
  return path === '' ? problem : `${path}: ${problem}`;
}

/** What is wrong with one field. */
export interface Problem {
  /** The way the field would be written in JavaScript; empty for the whole. */
  readonly path: string;
  readonly problem: string;
}

/** The same in two parts. */
export function explainIssue(issue: Issue, input: unknown): Problem {
  const { path, phrase } = explain(issue, [], input);
  return { path: formatPath(path), problem: phrase };
}

/** `ops[3].at.offset`: the way the field would be written in JavaScript. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${String(key)}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

interface Explanation {
  path: PropertyKey[];
  phrase: string;
}

function explain(issue: Issue, prefix: readonly PropertyKey[], input: unknown): Explanation {
  const path = [...prefix, ...issue.path];
  const got = `, got ${describeValue(valueAt(input, path))}`;
  switch (issue.code) {
    case 'invalid_value':
      return { path, phrase: `expected ${alternatives(issue.values.map((value) => JSON.stringify(value)))}${got}` };
    case 'invalid_type':
      return { path, phrase: `expected ${article(typeName(issue))}${got}` };
    case 'unrecognized_keys':
      return { path: [...path, issue.keys[0] ?? ''], phrase: 'no such field' };
    case 'invalid_union':
      return explainUnion(issue, path, input);
    case 'too_small':
    case 'too_big':
      return { path, phrase: `expected ${boundOf(issue)}${got}` };
    default: {
      // Zod's own sentences begin with "Invalid"; those that a schema gives say better what is allowed.
      const sentence = issue.message.replace(/^Invalid \w+: /, '');
      return { path, phrase: issue.code === 'custom' ? sentence : `${sentence}${got}` };
    }
  }
}

/** A union fails in every branch; the one that got furthest into the value is the one that was meant. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: PropertyKey[], input: unknown): Explanation {
  const value = valueAt(input, path);
  const got = `, got ${describeValue(value)}`;
  if ('options' in issue && Array.isArray(issue.options)) {
    return { path, phrase: `expected ${alternatives(issue.options.map((option) => JSON.stringify(option)))}${got}` };
  }
  const branches = issue.errors.map((errors) => errors.map((error) => explain(error, path, input)));
  const inside = branches.filter((branch) => branch.every((explanation) => explanation.path.length > path.length));
  const best = inside.toSorted((one, other) => one.length - other.length)[0]?.[0];
  if (best !== undefined) return best;
  const phrases = branches.map((branch) => branch[0]?.phrase.replace(/^expected /, '').replace(got, '') ?? '');
  return { path, phrase: `expected ${alternatives([...new Set(phrases)])}${got}` };
}

function typeName(issue: z.core.$ZodIssueInvalidType): string {
  return issue.expected === 'int' ? 'whole number' : issue.expected;
}

function boundOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const bound = issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : `at most ${String(issue.maximum)}`;
  if (issue.origin === 'string') return `${bound} characters`;
  if (issue.origin === 'array') return `${bound} elements`;
  return bound;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

/** Of data that was JSON, or of the export of a module, where functions and symbols are possible by mistake. */
function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (!['string', 'number', 'boolean', 'object'].includes(typeof value)) return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function alternatives(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
