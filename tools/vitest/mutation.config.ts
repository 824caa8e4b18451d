import { defineConfig } from 'vitest/config';

/**
 * The tests that mutation testing asks about each change: those of the judge, of the merging of verdicts and counts, and of the
 * model. They need no target, no git and no built helper, and take milliseconds each; those that take longer are left out.
 */
export default defineConfig({
  test: {
    include: [
      'properties/judge/*.test.ts',
      'properties/engine/tally.test.ts',
      'properties/corpus.test.ts',
      'reports/run-view.test.ts',
      'model/**/*.test.ts',
    ],
    exclude: ['model/generated.test.ts'],
    reporters: ['dot'],
  },
});
