/** What JSON Schema says of one value, as far as the schemas of this project use it. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** One field of an object, in words. */
export interface FieldText {
  readonly name: string;
  readonly schema: JsonSchema;
  /** What may stand there, as Markdown: a type, values, or the name of a definition. */
  readonly type: string;
  readonly optional: boolean;
  readonly meaning: string;
}

/** The largest safe integer, which every integer without a bound has. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** The fields of an object, in the order of its schema. */
export function describeFields({ properties = {}, required = [] }: JsonSchema): FieldText[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    type: describeType(schema),
    optional: !required.includes(name),
    meaning: schema.description ?? '',
  }));
}

/** The name of a definition that a schema refers to. */
export function nameOfReference(reference: string): string {
  return reference.replace('#/$defs/', '');
}

/** What may stand there, as Markdown. Objects are described with their fields, definitions by their names. */
export function describeType(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return nameOfReference(schema.$ref);
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(', ');
  const options = schema.anyOf ?? schema.oneOf ?? alternatives(schema);
  if (options !== undefined) return options.map(describeType).join(' or ');
  switch (schema.type) {
    case 'object':
      return describeObject(schema);
    case 'array':
      return `list of ${schema.items === undefined ? 'anything' : describeType(schema.items)}`;
    case 'integer':
      return describeInteger(schema);
    case 'boolean':
      return '`true` or `false`';
    case 'number':
      return 'number';
    case 'string':
      return schema.pattern === undefined ? 'text' : `text like \`${schema.pattern}\``;
    default:
      return 'anything';
  }
}

/** A schema of several types at once, as one for each. */
function alternatives({ type }: JsonSchema): readonly JsonSchema[] | undefined {
  return typeof type === 'object' ? type.map((one) => ({ type: one })) : undefined;
}

function literal(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function describeInteger({ minimum = -UNBOUNDED, maximum = UNBOUNDED }: JsonSchema): string {
  const from = minimum > -UNBOUNDED ? ` from ${String(minimum)}` : '';
  const to = maximum < UNBOUNDED ? ` to ${String(maximum)}` : '';
  return `whole number${from}${to}`;
}

function describeObject(schema: JsonSchema): string {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined) {
    const fields = describeFields(schema).map(
      ({ name, optional, type }) => `\`${name}\`${optional ? '?' : ''}: ${type}`,
    );
    return `object (${fields.join('; ')})`;
  }
  return typeof additionalProperties === 'object' ? `object, by name: ${describeType(additionalProperties)}` : 'object';
}
