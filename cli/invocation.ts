import { relative } from 'node:path';
import { MANIFEST } from '../adapters/manifest.ts';

/** The name and the version of this program, for headers. */
export const TOOL = { name: MANIFEST.name, version: MANIFEST.version };

/** How the user called this program, so that a command that is printed can be pasted. */
export function invocation(): string {
  const { npm_lifecycle_event: event } = process.env;
  if (event === 'conform') return 'npm run conform --';
  if (event === 'npx') return `npx ${TOOL.name}`;
  const script = process.argv[1] ?? '';
  return script.endsWith('.ts') ? `node ${quote(relative(process.cwd(), script))}` : TOOL.name;
}

/** A word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
