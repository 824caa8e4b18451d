import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { EXCUSED_SKIPS } from './excused-skips.ts';
import { type EndedTest, type Excuse, wrongSkips } from './skips.ts';

/**
 * Closes a test run with the plain line `N passed, N failed, N skipped`. What fails outside of any test (a file that cannot be
 * loaded, a hook, an unhandled rejection) counts as failed, so that the line never looks better than the exit code. Where `CI`
 * is set, so do a skipped test that nothing excuses and an excuse for a test that was not skipped. The lines before it say how long the
 * tests of each project took; projects run one after the other.
 */
export class ClosingLineReporter implements Reporter {
  readonly #excuses: readonly Excuse[];
  readonly #times = new Map<string, { readonly start: number; end: number }>();
  #judgesSkips = false;

  constructor(excuses: readonly Excuse[] = EXCUSED_SKIPS) {
    this.#excuses = excuses;
  }

  onInit(vitest: Vitest): void {
    // Who asks for some tests by name has all others skipped.
    const isWhole = vitest.getGlobalTestNamePattern() === undefined;
    this.#judgesSkips = isWhole && (process.env['CI'] ?? '') !== '';
  }

  onTestModuleQueued({ project }: TestModule): void {
    const now = performance.now();
    if (!this.#times.has(project.name)) this.#times.set(project.name, { start: now, end: now });
  }

  onTestModuleEnd({ project }: TestModule): void {
    const time = this.#times.get(project.name);
    if (time !== undefined) time.end = performance.now();
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    let outsideTests = unhandledErrors.length;
    const tests: EndedTest[] = [];
    for (const module of modules) {
      outsideTests += module.errors().length;
      for (const suite of module.children.allSuites()) outsideTests += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const note = result.state === 'skipped' ? result.note : undefined;
        tests.push({ file: module.relativeModuleId, test: test.fullName, state: result.state, note });
      }
    }
    const wrong = this.#judgesSkips ? wrongSkips(tests, this.#excuses) : [];
    if (wrong.length > 0) process.exitCode = 1;
    const count = (state: EndedTest['state']): number => tests.filter((test) => test.state === state).length;
    const known = count('failed') + outsideTests + wrong.length;
    // Vitest 4.1 tells reporters of no error where a global set-up has thrown, but that the run has failed.
    const failed = known === 0 && reason === 'failed' ? 1 : known;
    const line = `${String(count('passed'))} passed, ${String(failed)} failed, ${String(count('skipped'))} skipped`;
    const times = [...this.#times].map(
      ([project, { start, end }]) =>
        `time: ${((end - start) / 1000).toFixed(0)} s: tests${project && ` of ${project}`}`,
    );
    process.stdout.write(['', ...times, ...wrong, line, ''].join('\n'));
  }
}
