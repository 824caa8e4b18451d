import { relative } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

/** The name and the version of this program, for headers. */
export const TOOL = { name: manifest.name, version: manifest.version };

/** How the user called this program, so that a command that is printed can be pasted. */
export function invocation(): string {
  if (process.env['npm_lifecycle_event'] === 'conform') return 'npm run conform --';
  const script = process.argv[1] ?? '';
  return script.endsWith('.ts') ? `node ${quote(relative(process.cwd(), script))}` : manifest.name;
}

/** A word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
