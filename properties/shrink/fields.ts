import { type Address, Operation } from '../../spec/program.ts';

/** Fields of operations, by what their names stand for. So shrinking works on every operation, and on new ones, without knowing any. */

/** The fields that name what an earlier operation yielded. */
const REFERENCES: ReadonlySet<string> = new Set(['actor', 'of', 'fd', 'onto', 'map']);

/** The fields that hold an address, or something with an address in it. */
const PLACES = ['at', 'place'] as const;

/** The variables that an operation uses, in the order of its fields. */
export function uses(op: Operation): string[] {
  const names: string[] = [];
  JSON.stringify(op, (key, value: unknown) => {
    if (typeof value === 'string' && REFERENCES.has(key)) names.push(value);
    return value;
  });
  return names;
}

/** The variable that an operation binds. */
export function binds(op: Operation): string | undefined {
  return 'to' in op ? op.to : undefined;
}

/** Of what kind a variable is: `p` process, `d` descriptor, `m` mapping. */
export function kindOf(name: string): string {
  return name.slice(0, 1);
}

/** The operation with the variables that it uses named anew; with `binding` also the one that it binds. */
export function renamed(op: Operation, rename: (name: string) => string, binding = false): Operation {
  const text = JSON.stringify(op, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return REFERENCES.has(key) || (binding && key === 'to') ? rename(value) : value;
  });
  return JSON.parse(text) as Operation;
}

/** The operation with its addresses changed: where it works, and where it asks a mapping to lie. Wild pointers stay. */
export function moved(op: Operation, change: (at: Address) => Address): Operation {
  const fields: Record<string, unknown> = { ...op };
  for (const name of PLACES) if (name in fields) fields[name] = changed(fields[name], change);
  return fields as Operation;
}

function changed(value: unknown, change: (at: Address) => Address): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('at' in value) return { ...value, at: changed(value.at, change) };
  return 'map' in value || 'arena' in value ? change(value as Address) : value;
}

/** The operation with another value in one field, or without it; undefined where that is no operation. */
export function withField(op: Operation, field: string, value: unknown): Operation | undefined {
  const fields: Record<string, unknown> = { ...op, [field]: value };
  if (value === undefined) Reflect.deleteProperty(fields, field);
  return asOperation(fields);
}

/** What the fields are as an operation, if they are one. */
export function asOperation(fields: unknown): Operation | undefined {
  const parsed = Operation.safeParse(fields);
  return parsed.success ? parsed.data : undefined;
}

/** The schema of a field. */
export function schemaOf(op: Operation, field: string): unknown {
  const option = Operation.options.find((known) => known.shape.op.value === op.op);
  return (option?.shape as Record<string, unknown> | undefined)?.[field];
}
