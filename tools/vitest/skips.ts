/** A test that may be skipped in continuous integration. */
export interface Excuse {
  /** The file, as seen from the root of the repository. */
  readonly file: string;
  /** The full name: those of its `describe` blocks, then its own, with ` > ` between them. */
  readonly test: string;
  readonly reason: string;
}

/** How a test ended. */
export interface EndedTest {
  readonly file: string;
  readonly test: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  /** What the test said when it skipped itself. */
  readonly note?: string | undefined;
}

/**
 * What is wrong about the skipped tests of a run, one sentence each: a test that nobody excuses would never be missed, and an
 * excuse that no longer holds would hide the next one. An excuse for a file that was not run holds.
 */
export function wrongSkips(tests: readonly EndedTest[], excuses: readonly Excuse[]): string[] {
  const excused = new Set(excuses.map(nameOf));
  const skipped = tests.filter(({ state }) => state === 'skipped');
  const skippedNames = new Set(skipped.map(nameOf));
  const files = new Set(tests.map(({ file }) => file));
  return [
    ...skipped
      .filter((test) => !excused.has(nameOf(test)))
      .map((test) => `${nameOf(test)}: skipped, and nothing excuses it${test.note ? ` (${test.note})` : ''}`),
    ...excuses
      .filter((excuse) => files.has(excuse.file) && !skippedNames.has(nameOf(excuse)))
      .map((excuse) => `${nameOf(excuse)}: excused, but not skipped; remove the excuse`),
  ];
}

function nameOf({ file, test }: { readonly file: string; readonly test: string }): string {
  return `${file} > ${test}`;
}
