import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contract, CONTRACT_VERSIONS } from '../contract.ts';
import { explainIssue, type Problem } from './describe-issue.ts';
import { ConformanceError, messageOf } from '../errors.ts';
import { PROGRAM_VERSION, ProgramFile } from '../program.ts';
import { check, checkVersion, parseJson, readText } from './read-json.ts';
import { unknownName } from './suggest.ts';

const SHIPPED = new URL('../contracts/', import.meta.url);

/** The names of the contracts that ship with the suite. */
export function listContracts(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Loads a contract: one that ships, by name, or a file of the user's. A file is JSON, or a module (`.ts`, `.js`)
 * that exports the same data as `contract` or as its default.
 *
 * @throws ConformanceError of kind `usage`, which names the wrong field by its path.
 */
export function loadContract(nameOrPath: string): Contract {
  const { value, source } = readContract(nameOrPath);
  return checkContract(value, source);
}

/** A contract, or everything that is wrong with it. */
export type InspectedContract =
  { readonly contract: Contract; readonly problems?: never } | { readonly problems: readonly Problem[] };

/**
 * The same, but names every wrong field by itself.
 *
 * @throws ConformanceError of kind `usage` when there is nothing to look at: no such file, or no JSON
 */
export function inspectContract(nameOrPath: string): InspectedContract {
  const { value, source } = readContract(nameOrPath);
  checkVersion(value, CONTRACT_VERSIONS, 'contract', source);
  const result = Contract.safeParse(value);
  if (result.success) return { contract: result.data };
  return { problems: result.error.issues.map((issue) => explainIssue(issue, value)) };
}

/** What is to be a contract, and where it comes from. */
function readContract(nameOrPath: string): { value: unknown; source: string } {
  const shipped = listContracts();
  if (shipped.includes(nameOrPath)) {
    const source = fileURLToPath(new URL(`${nameOrPath}.json`, SHIPPED));
    return { value: parseJson(readText(source, 'contract'), source), source };
  }
  if (!looksLikePath(nameOrPath)) {
    const message = unknownName('contract', nameOrPath, shipped);
    throw new ConformanceError('usage', 'unknown-contract', message, { hint: 'or give the path of a contract file' });
  }
  const isModule = /\.[cm]?[jt]s$/.test(nameOrPath);
  const value = isModule ? importContract(nameOrPath) : parseJson(readText(nameOrPath, 'contract'), nameOrPath);
  return { value, source: nameOrPath };
}

/**
 * Loads a program file: a program with its contract and its reason.
 *
 * @throws ConformanceError of kind `usage`, which names the wrong field by its path.
 */
export function loadProgramFile(path: string): ProgramFile {
  const value = parseJson(readText(path, 'program file'), path);
  if (typeof value === 'object' && value !== null && 'program' in value) {
    checkVersion(value.program, PROGRAM_VERSION, 'program', path);
  }
  return check(value, { schema: ProgramFile, what: 'program file', source: path });
}

/**
 * A contract that is data already; `source` says in errors where it came from.
 *
 * @throws ConformanceError of kind `usage`, which names the wrong field by its path.
 */
export function checkContract(value: unknown, source: string): Contract {
  checkVersion(value, CONTRACT_VERSIONS, 'contract', source);
  return check(value, { schema: Contract, what: 'contract', source });
}

function looksLikePath(text: string): boolean {
  return text.includes('/') || /\.(json|[cm]?[jt]s)$/.test(text) || existsSync(text);
}

function importContract(path: string): unknown {
  // A read first gives the same sentences for a missing file as for JSON.
  readText(path, 'contract');
  try {
    const module = createRequire(import.meta.url)(resolve(path)) as Record<string, unknown>;
    return module['contract'] ?? module['default'] ?? module;
  } catch (cause) {
    const message = `cannot load the contract ${path}: ${messageOf(cause)}`;
    throw new ConformanceError('usage', 'contract-module', message, { cause });
  }
}
