/**
 * Writes the generated parts of `docs/protocol.md`: what stands between `<!-- generated: NAME -->` and `<!-- end -->`. Tables
 * come from the zod schemas, and the answers in the examples are those of the simulator.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { parseLine } from '../../adapters/simulator/commands.ts';
import { Simulator } from '../../adapters/simulator/simulator.ts';
import { exampleOf } from '../../spec/examples.ts';
import { describeFields, describeType, type JsonSchema, nameOfReference } from '../../spec/describe-schema.ts';
import { loadContract } from '../../spec/io/load.ts';
import { ABOUT } from '../../spec/operations/about.ts';
import { OPERATION_NAMES, Operation } from '../../spec/program.ts';
import { Command, Event, PROTOCOL_VERSION } from '../../spec/protocol.ts';

export const PROTOCOL_PAGE = new URL('../../docs/protocol.md', import.meta.url);

const SCHEMAS: readonly JsonSchema[] = [Command, Event].map(
  (schema) => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema,
);
const DEFINITIONS: Readonly<Record<string, JsonSchema>> = Object.assign(
  {},
  ...SCHEMAS.map(({ $defs }) => $defs),
) as Record<string, JsonSchema>;

/** A contract to talk about, without the line for editors. */
function exampleContract(): object {
  const contract: Record<string, unknown> = { ...loadContract('pages_mmap') };
  Reflect.deleteProperty(contract, '$schema');
  return contract;
}

const P0 = { actor: 'p0' } as const;
const PROGRAM = {
  version: 2,
  ops: [
    { op: 'open', ...P0, to: 'd0', access: 'rw' },
    { op: 'mmap', ...P0, fd: 'd0', to: 'm0', length: 8192, offset: 0, prot: 'rw-', type: 'shared' },
    { op: 'store', ...P0, at: { map: 'm0', offset: 4094 }, data: { text: 'ab', length: 4 } },
    { op: 'read', ...P0, fd: 'd0', length: 4098 },
    { op: 'load', ...P0, at: { map: 'm0', offset: 8192 }, length: 1 },
    { op: 'mprotect', ...P0, at: { map: 'm0', offset: 0 }, length: 4096, prot: 'r--' },
    { op: 'store', ...P0, at: { map: 'm0', offset: 1 }, data: { text: 'x', length: 1 } },
    { op: 'checkpoint', ...P0 },
    { op: 'pread', ...P0, fd: 'd0', length: 1, offset: 0 },
    { op: 'load', ...P0, at: { map: 'm7', offset: 0 }, length: 1 },
  ],
};
const SHORT = { version: 2, ops: [{ op: 'open', ...P0, to: 'd0', access: 'ro' }] };
const OUTCOMES = ['outcome'];
const START = { cmd: 'start', version: PROTOCOL_VERSION };

/** Conversations by name, each with a fresh target: commands, and lines that are none. */
const CONVERSATIONS: Readonly<Record<string, readonly (object | string)[]>> = {
  start: [START],
  refused: [{ cmd: 'start', version: 3 }, { cmd: 'dance' }, 'hello'],
  configure: [START, { cmd: 'configure', seq: 1, contract: exampleContract(), levels: OUTCOMES }],
  run: [
    START,
    { cmd: 'configure', seq: 1, contract: exampleContract(), levels: ['outcome', 'layout', 'frames', 'callbacks'] },
    { cmd: 'run', seq: 2, programs: [PROGRAM] },
  ],
  batches: [
    START,
    { cmd: 'configure', seq: 1, contract: exampleContract(), levels: OUTCOMES },
    { cmd: 'run', seq: 2, programs: [SHORT, SHORT] },
    { cmd: 'run', seq: 3, programs: [SHORT] },
  ],
  repeat: [
    START,
    { cmd: 'configure', seq: 1, contract: exampleContract(), levels: OUTCOMES },
    { cmd: 'run', seq: 2, programs: [SHORT], repeat: 200 },
  ],
  errored: [
    START,
    { cmd: 'configure', seq: 1, contract: exampleContract(), levels: OUTCOMES },
    { cmd: 'run', seq: 2, programs: [{ version: 2, ops: [{ op: 'load', ...P0, length: 1 }] }] },
  ],
  stop: [START, { cmd: 'stop' }],
};

/** Commands whose answers another example shows already are left out of an example. */
const SHOWN_FROM: Readonly<Record<string, number>> = {
  configure: 1,
  run: 2,
  batches: 2,
  repeat: 2,
  errored: 2,
  stop: 1,
};

/** The fields of an object but for some, a line for each: tables of them would be wider than any window. */
function fields(schema: JsonSchema, omitted: readonly string[] = []): string {
  const lines = describeFields(schema).map(({ name, type, optional, meaning }) => {
    if (omitted.includes(name)) return [];
    return `- \`${name}\`${optional ? ' (optional)' : ''}: ${type}${meaning === '' ? '' : `. ${meaning}`}`;
  });
  return lines.flat().join('\n');
}

/** A definition: its description, and its fields or alternatives. */
function definition(name: string): string {
  const schema = DEFINITIONS[name];
  if (schema === undefined) throw new Error(`the protocol page names ${name}, which no schema has`);
  const about = schema.description === undefined ? [] : [schema.description, ''];
  const options = schema.anyOf ?? schema.oneOf;
  if (options === undefined)
    return [...about, schema.properties === undefined ? `It is: ${describeType(schema)}.` : fields(schema)].join('\n');
  const parts = options.map((option) => {
    if (option.properties === undefined) return `- ${describeType(option)}`;
    return [option.description ?? '', '', fields(option), ''].join('\n');
  });
  return [...about, ...parts].join('\n').trim();
}

/** A command or an event by the value of the field that names it. */
function message(name: string): string {
  const all = [...(DEFINITIONS['Command']?.oneOf ?? []), ...(DEFINITIONS['Event']?.anyOf ?? [])].flatMap((schema) => {
    const found = schema.$ref === undefined ? schema : (DEFINITIONS[nameOfReference(schema.$ref)] ?? schema);
    return found.anyOf ?? found.oneOf ?? [found];
  });
  const found = all.filter(({ properties = {} }) => {
    return [properties['cmd'], properties['event'], properties['result']].some((field) => field?.const === name);
  });
  if (found.length === 0) throw new Error(`there is no message ${name}`);
  return found.map((schema) => fields(schema)).join('\n\nor\n\n');
}

function operations(): string {
  const sections = OPERATION_NAMES.map((name) => {
    const shape = Operation.options.find((option) => option.shape.op.value === name);
    const schema = z.toJSONSchema(shape ?? Operation, { io: 'input' }) as JsonSchema;
    const own = fields(schema, ['op', 'actor']);
    const example = ['```json', JSON.stringify(exampleOf(name)), '```'];
    return [`#### \`${name}\``, '', ABOUT[name], '', ...(own === '' ? [] : [own, '']), ...example].join('\n');
  });
  return sections.join('\n\n');
}

/** A conversation with the simulator: each message in a block of its own, the target's marked as such. */
function conversation(name: string): string {
  const simulator = new Simulator();
  const lines = (CONVERSATIONS[name] ?? []).map((sent) => {
    const line = typeof sent === 'string' ? sent : JSON.stringify(sent);
    const { command, refusal } = parseLine(line);
    return { sent: line, received: command === null ? [refusal] : simulator.handle(command) };
  });
  return lines
    .slice(hiddenCommands(name).length)
    .map(({ sent, received }) => {
      return ['```text', `> ${sent}`, ...received.map((event) => `< ${JSON.stringify(event)}`), '```'].join('\n');
    })
    .join('\n\n');
}

/** The commands before those that an example shows. */
export function hiddenCommands(name: string): readonly (object | string)[] {
  return (CONVERSATIONS[name] ?? []).slice(0, SHOWN_FROM[name] ?? 0);
}

const GENERATORS: Readonly<Record<string, (name: string) => string>> = {
  message,
  definition,
  operations,
  example: conversation,
  version: () => `This page describes version ${String(PROTOCOL_VERSION)}.`,
};

const GENERATED = /(<!-- generated: (\w+) ?(\w*) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The page with everything generated anew. */
export function generateProtocolPage(page: string): string {
  return page.replace(GENERATED, (_, begin: string, kind: string, name: string, end: string) => {
    const generate = GENERATORS[kind];
    if (generate === undefined) throw new Error(`the protocol page wants ${kind}, which nothing generates`);
    return `${begin}\n${generate(name)}\n\n${end}`;
  });
}

/** The conversations that the page has to show. */
export const EXAMPLES = Object.keys(CONVERSATIONS);

if (import.meta.main) {
  writeFileSync(PROTOCOL_PAGE, generateProtocolPage(readFileSync(PROTOCOL_PAGE, 'utf8')));
}
