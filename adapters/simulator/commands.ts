import * as z from 'zod';
import { describeIssue } from '../../spec/io/describe-issue.ts';
import { messageOf } from '../../spec/errors.ts';
import { OPERATION_NAMES, PROGRAM_VERSION, Program } from '../../spec/program.ts';
import { Command, type Event, RunCommand } from '../../spec/protocol.ts';

/** A line of the protocol as a command, or the refusal that answers it. */
export type ParsedLine =
  { readonly command: Command; readonly refusal: null } | { readonly command: null; readonly refusal: Event };

/** A batch whose programs are still anything. */
const Batch = RunCommand.extend({ programs: z.array(z.unknown()) });

const KNOWN_OPERATIONS: ReadonlySet<unknown> = new Set(OPERATION_NAMES);

/** The boundary: what comes out of here is a command, or a sentence that says why it is none. */
export function parseLine(line: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return refuse(`This line is not JSON (${messageOf(error)}); send one command on each line.`);
  }
  return asBatch(value) ?? asCommand(value);
}

/**
 * The fast way for batches. A full validation of each program would take longer than to run it, so only the outline is
 * checked here; what is wrong with a field shows when the operation is performed, and is explained then.
 */
function asBatch(value: unknown): ParsedLine | null {
  const batch = Batch.safeParse(value);
  if (!batch.success) return null;
  const { programs, ...rest } = batch.data;
  return programs.every(hasOutline) ? { command: { ...rest, programs }, refusal: null } : null;
}

function asCommand(value: unknown): ParsedLine {
  const parsed = Command.safeParse(value);
  if (parsed.success) return { command: parsed.data, refusal: null };
  return refuse(`This is no command of the protocol: ${describeIssues(parsed.error, value)}.`);
}

function hasOutline(value: unknown): value is Program {
  if (!isObject(value) || value['version'] !== PROGRAM_VERSION || !Array.isArray(value['ops'])) return false;
  return value['ops'].every((operation: unknown) => isObject(operation) && KNOWN_OPERATIONS.has(operation['op']));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Why a program broke the simulator: its own mistake if it has one, else the error. */
export function explainFailure(program: Program, error: unknown): string {
  const parsed = Program.safeParse(program);
  if (!parsed.success) return `The program is not valid: ${describeIssues(parsed.error, program)}.`;
  return `The simulator has a bug: ${messageOf(error)}`;
}

function describeIssues(error: z.ZodError, value: unknown): string {
  return error.issues.map((issue) => describeIssue(issue, value)).join('; ');
}

function refuse(message: string): ParsedLine {
  return { command: null, refusal: { event: 'refused', message } };
}
