import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { decodeBytes } from '../../spec/bytes.ts';
import type { CountedLine, CountedSource, DriverCounting } from '../../spec/ports/driver-counting.ts';
import { ConformanceError } from '../../spec/errors.ts';
import type { EncodedBytes } from '../../spec/observation.ts';
import { withBuildDirectory } from './build-directory.ts';
import { addCounters, countedPlaces } from './gcda.ts';
import { BUILD_ENVIRONMENT, type BuiltModules, NOTES_DIR } from './modules.ts';
import { runInRoot } from './run-command.ts';
import type { BuildRoot } from './kernel-source.ts';
import { BUILD_DIR } from './root.ts';

/** What gcov says in JSON of one file of counters, as far as it is of use. */
const GcovLine = z.object({
  line_number: z.int(),
  count: z.number(),
  branches: z.array(z.object({ count: z.number() })),
});
const GcovReport = z.object({
  files: z.array(z.object({ file: z.string(), lines: z.array(GcovLine) })),
});
export type GcovReport = z.infer<typeof GcovReport>;

/** Counts in modules that were built for it; the root holds the gcov of the compiler that built them. */
export function gcovCounting(root: BuildRoot, built: BuiltModules): DriverCounting {
  const notes = path.join(built.directory, NOTES_DIR);
  return {
    reached: (data) => countedPlaces(decodeBytes(data)),
    async read(
      module: string,
      counters: readonly ReadonlyMap<string, EncodedBytes>[],
    ): Promise<readonly CountedSource[]> {
      const reports = [];
      for (const object of await objectsOf(module, notes)) {
        const files = counters.flatMap((of) =>
          [...of].flatMap(([file, data]) => (inBuild(file) === `${object}.gcda` ? [decodeBytes(data)] : [])),
        );
        if (files.length > 0) reports.push(await runGcov(root, notes, object, addCounters(files)));
      }
      const sources = countedLines(reports);
      return Promise.all(
        [...sources].map(async ([file, lines]) => {
          const text = await readFile(path.join(notes, file), 'utf8');
          return { file, lines, text: text.replace(/\n$/, '').split('\n') };
        }),
      );
    },
  };
}

/** The objects that a module is linked from, without `.o`, as the build has noted them. */
async function objectsOf(module: string, notes: string): Promise<readonly string[]> {
  const list = await readFile(path.join(notes, `${module}.mod`), 'utf8').catch(() => '');
  return list
    .split('\n')
    .map((line) => inBuild(line.trim()))
    .filter((file) => file !== undefined)
    .map((file) => file.replace(/\.o$/, ''));
}

/** A path in the directory that a module was built in, which had another name each time; undefined if it leads elsewhere. */
function inBuild(file: string): string | undefined {
  const [, top, build, ...rest] = file.split('/');
  return top === BUILD_DIR && build !== undefined && rest.length > 0 ? rest.join('/') : undefined;
}

async function runGcov(root: BuildRoot, notes: string, object: string, data: Uint8Array): Promise<GcovReport> {
  return withBuildDirectory(root.directory, async ({ directory, inRoot }) => {
    await writeFile(path.join(directory, 'object.gcda'), data);
    await copyFile(path.join(notes, `${object}.gcno`), path.join(directory, 'object.gcno'));
    const command = ['gcov', '--branch-probabilities', '--json-format', '--stdout', `${inRoot}/object.gcda`];
    const output = await runInRoot(root.directory, command, {
      what: `Reading what was counted in ${object}`,
      code: 'gcov-failed',
      env: BUILD_ENVIRONMENT,
    });
    return parseGcov(output, object);
  });
}

/** @throws ConformanceError with code `gcov-failed` when it is no report. */
export function parseGcov(output: string, object: string): GcovReport {
  try {
    return GcovReport.parse(JSON.parse(output));
  } catch (cause) {
    const message = `What gcov says of ${object} cannot be read.`;
    throw new ConformanceError('target', 'gcov-failed', message, { cause });
  }
}

/**
 * The lines of the C files in the build directory, by file. What the headers of the kernel expand to is not the driver's, and
 * a line that several functions contain was reached if it was in one of them.
 */
export function countedLines(reports: readonly GcovReport[]): ReadonlyMap<string, readonly CountedLine[]> {
  const sources = new Map<string, Map<number, CountedLine>>();
  for (const { file, lines } of reports.flatMap(({ files }) => files)) {
    const name = inBuild(file);
    if (!name?.endsWith('.c')) continue;
    const counted = sources.get(name) ?? new Map<number, CountedLine>();
    sources.set(name, counted);
    for (const { line_number: number, count, branches } of lines) {
      const before = counted.get(number);
      counted.set(number, {
        number,
        reached: count > 0 || before?.reached === true,
        branches: branches.length + (before?.branches ?? 0),
        branchesTaken: branches.filter((branch) => branch.count > 0).length + (before?.branchesTaken ?? 0),
      });
    }
  }
  return new Map(
    [...sources]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([file, lines]) => [file, [...lines.values()].toSorted((a, b) => a.number - b.number)]),
  );
}
