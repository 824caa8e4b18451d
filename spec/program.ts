import * as z from 'zod';
import { accessOperations } from './operations/access.ts';
import { adviceOperations } from './operations/advice.ts';
import type { Failure } from './operations/define.ts';
import { descriptorOperations } from './operations/descriptors.ts';
import { mappingOperations } from './operations/mappings.ts';
import { processOperations } from './operations/processes.ts';
import { transferOperations } from './operations/transfers.ts';
import { FIRST_ACTOR } from './values.ts';

export { type Address, type Data, FIRST_ACTOR, type Pointer } from './values.ts';

/** The version of the program format; a program file of another version is refused. */
export const PROGRAM_VERSION = 2;

const DEFINITIONS = [
  ...descriptorOperations,
  ...transferOperations,
  ...mappingOperations,
  ...adviceOperations,
  ...accessOperations,
  ...processOperations,
] as const;

type Schemas<Definitions extends readonly { schema: unknown }[]> = {
  [Index in keyof Definitions]: Definitions[Index]['schema'];
};

export const Operation = z
  .discriminatedUnion('op', DEFINITIONS.map(({ schema }) => schema) as unknown as Schemas<typeof DEFINITIONS>)
  .meta({
    id: 'Operation',
    description:
      'One operation. Each has an actor, the process that performs it. An operation whose actor does not exist, or whose mapping variable was never bound, is not performed (outcome `unbound`); an unbound descriptor is -1.',
  });
export type Operation = z.infer<typeof Operation>;
export type OperationName = Operation['op'];
/** The operation with this name. */
export type Op<Name extends OperationName> = Extract<Operation, { op: Name }>;

export const OPERATION_NAMES: readonly OperationName[] = Operation.options.map((option) => option.shape.op.value);

const TEXTS: ReadonlyMap<string, (op: never) => string> = new Map(
  DEFINITIONS.map(({ schema, text }) => [schema.shape.op.value, text]),
);

/** What an operation may ask to fail, for those that may. */
export const FAILURE_OF: ReadonlyMap<OperationName, Failure> = new Map(
  DEFINITIONS.flatMap(({ schema: { shape } }) => {
    return 'fail' in shape ? [[shape.op.value, shape.fail.unwrap().shape.what.value] as const] : [];
  }),
);

/** An operation in one line that people read: `p0: m0 = mmap(d0, 8192 at 0, rw- shared, fixed at arena+4096)`. */
export function describeOperation(op: Operation): string {
  const text = TEXTS.get(op.op) as ((op: Operation) => string) | undefined;
  const failure = 'fail' in op && op.fail !== undefined ? `, ${op.fail.what} ${String(op.fail.nth)} fails` : '';
  return `${op.actor}: ${text?.(op) ?? op.op}${failure}`;
}

export const Setting = z
  .strictObject({
    addressSpace: z.int().min(0).max(1024).optional().describe('RLIMIT_AS: pages that can be mapped.'),
    descriptors: z.int().min(0).max(64).optional().describe('RLIMIT_NOFILE: descriptors that can be open.'),
    locked: z.int().min(0).max(1024).optional().describe('RLIMIT_MEMLOCK in pages, without CAP_IPC_LOCK.'),
    areas: z.int().min(0).max(64).optional().describe('vm.max_map_count: areas that can be added.'),
  })
  .meta({
    id: 'Setting',
    description:
      'The limits that a program runs under, each counted from what the process has when the program starts. All processes of the program inherit them.',
  });
export type Setting = z.infer<typeof Setting>;
export type SettingName = keyof Setting;
export const SETTING_NAMES = Setting.keyof().options;

export const Program = z
  .strictObject({
    version: z.literal(PROGRAM_VERSION),
    setting: Setting.optional(),
    ops: z.array(Operation).max(10_000),
  })
  .superRefine((program, context) => {
    const actors = new Set([FIRST_ACTOR]);
    program.ops.forEach((operation, index) => {
      if (operation.op === 'fork') {
        if (actors.has(operation.to)) {
          context.addIssue({ code: 'custom', path: ['ops', index, 'to'], message: `${operation.to} is created twice` });
        }
        actors.add(operation.to);
      }
      if (operation.op === 'exit' && operation.actor === FIRST_ACTOR) {
        const message = `${FIRST_ACTOR} observes until the end and cannot exit`;
        context.addIssue({ code: 'custom', path: ['ops', index, 'actor'], message });
      }
    });
  })
  .meta({
    id: 'Program',
    description:
      'A program: the unit that is generated, sent, shrunk, stored and replayed. Plain data, self-contained.',
  });
export type Program = z.infer<typeof Program>;

export const ProgramFile = z
  .strictObject({
    $schema: z.string().optional(),
    contract: z.string().min(1).describe("The contract's name, or its path."),
    reason: z.string().min(1),
    property: z.string().optional().describe('The property that the program breaks; absent: `lockstep`.'),
    program: Program,
  })
  .meta({
    id: 'ProgramFile',
    description: 'A program with its story, as stored in the corpus or written for a counterexample.',
  });
export type ProgramFile = z.infer<typeof ProgramFile>;
