import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a file names beside itself; more than what it imports does no harm. */
const RELATIVE_PATH = /['"](\.{1,2}\/[^'"\n]+)['"]/g;

/** What the types of all files depend on. */
const COMMON = ['package-lock.json', 'tsconfig.json'];

const digest = (...parts: readonly string[]): string => createHash('sha256').update(parts.join('\0')).digest('hex');

/**
 * A digest for each source file of all that its types may depend on: itself, what it imports, and so on. ESLint's cache knows
 * only of the file itself, but rules that ask for types find other things in it when a file that it imports changes.
 *
 * @returns digests by path, relative to the root
 */
export function inputsOfSources(root: string): ReadonlyMap<string, string> {
  const contents = new Map(
    globSync('**/*.{ts,json}', { cwd: root, exclude: ['**/node_modules/**', 'out/**', 'dist/**'] }).map((file) => [
      file,
      readFileSync(join(root, file), 'utf8'),
    ]),
  );
  const imports = new Map(
    [...contents].map(([file, content]) => {
      const named = [...content.matchAll(RELATIVE_PATH)].map(([, path = '']) => join(dirname(file), path));
      return [file, named.filter((path) => contents.has(path))];
    }),
  );
  const digests = new Map([...contents].map(([file, content]) => [file, digest(file, content)]));
  const common = COMMON.map((file) => digests.get(file) ?? '');
  return new Map(
    [...contents.keys()]
      .filter((file) => file.endsWith('.ts'))
      .map((file) => {
        // The set grows while it is walked.
        const reached = new Set([file]);
        for (const one of reached) for (const other of imports.get(one) ?? []) reached.add(other);
        return [file, digest(...common, ...[...reached].sort().map((one) => digests.get(one) ?? ''))];
      }),
  );
}
