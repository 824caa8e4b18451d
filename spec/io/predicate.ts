import type * as z from 'zod';

type Accepts = (value: unknown) => boolean;

/**
 * Whether a value that came out of `JSON.parse` is what a schema describes: the same answer as the schema's own, without a copy of the
 * value and without reasons, which is some ten times as fast. For values that are taken as they are: a schema that
 * transforms, refines or is not strict has no predicate.
 *
 * @throws Error for such a schema
 */
export function predicateOf<T>(schema: z.ZodType<T>): (value: unknown) => value is T {
  return acceptsOf(schema) as (value: unknown) => value is T;
}

function acceptsOf(schema: z.core.$ZodType): Accepts {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return all((value) => typeof value === 'string', def);
    case 'number':
      if (!('format' in def) || def.format !== 'safeint') break;
      return all(Number.isSafeInteger, def);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'literal':
      return oneOf(def.values);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'array':
      return all(arrayOf(acceptsOf(def.element)), def);
    case 'record':
      if ((def.keyType as z.core.$ZodTypes)._zod.def.type !== 'string') break;
      return recordOf(acceptsOf(def.keyType), acceptsOf(def.valueType));
    case 'object':
      if (def.catchall?._zod.def.type !== 'never') break;
      return objectOf(def.shape);
    case 'union':
      return anyOf(def.options.map(acceptsOf));
    case 'optional':
      return acceptsOf(def.innerType);
    default:
  }
  throw new Error(`predicate: there is none for a schema of type ${def.type}`);
}

/** What is accepted and passes all checks of the schema besides. */
function all(accepts: Accepts, { checks = [] }: Pick<z.core.$ZodTypeDef, 'checks'>): Accepts {
  const passes = checks.map((check) => checkOf((check as z.core.$ZodChecks)._zod.def));
  if (passes.length === 0) return accepts;
  return (value) => accepts(value) && passes.every((one) => one(value));
}

function checkOf(def: z.core.$ZodChecks['_zod']['def']): Accepts {
  if (def.check === 'string_format' && def.pattern !== undefined && !def.pattern.global && !def.pattern.sticky) {
    const { pattern } = def;
    return (value) => typeof value === 'string' && pattern.test(value);
  }
  if (def.check === 'greater_than' && typeof def.value === 'number') {
    const { value: least, inclusive } = def;
    return (value) => typeof value === 'number' && (inclusive ? value >= least : value > least);
  }
  if (def.check === 'min_length') {
    const { minimum } = def;
    return (value) => Array.isArray(value) && value.length >= minimum;
  }
  throw new Error(`predicate: there is none for a check of type ${def.check}`);
}

function oneOf(values: readonly unknown[]): Accepts {
  const known = new Set(values);
  return (value) => known.has(value);
}

function anyOf(options: readonly Accepts[]): Accepts {
  return (value) => options.some((accepts) => accepts(value));
}

function arrayOf(accepts: Accepts): Accepts {
  return (value) => Array.isArray(value) && value.every(accepts);
}

/** The schema leaves out `__proto__`, so it is not what the value is. */
function recordOf(acceptsKey: Accepts, accepts: Accepts): Accepts {
  return (value) => {
    if (!isObject(value)) return false;
    for (const name of Object.keys(value)) {
      if (name === '__proto__' || !acceptsKey(name) || !accepts(value[name])) return false;
    }
    return true;
  };
}

/** Has all fields that it must have, and none that it does not know. */
function objectOf(shape: Readonly<Record<string, z.core.$ZodType>>): Accepts {
  const fields = new Map<string, { readonly accepts: Accepts; readonly isRequired: boolean }>();
  for (const [name, schema] of Object.entries(shape)) {
    fields.set(name, { accepts: acceptsOf(schema), isRequired: schema._zod.def.type !== 'optional' });
  }
  const required = [...fields.values()].filter(({ isRequired }) => isRequired).length;
  return (value) => {
    if (!isObject(value)) return false;
    let missing = required;
    for (const name of Object.keys(value)) {
      const field = fields.get(name);
      if (field?.accepts(value[name]) !== true) return false;
      if (field.isRequired) missing--;
    }
    return missing === 0;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
