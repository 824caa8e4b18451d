import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './tools/vitest/closing-line.ts';

const GUEST_TESTS = '**/*.guest.test.ts';
/** Installs and builds what tests need of the machine. */
const PROVISION = './tools/vitest/provision.ts';
const CHECKS = 'tools/checks.test.ts';
/** They pack, install and use the package in an empty folder. */
const PACKAGE_TESTS = '**/*.package.test.ts';
/** The suite of a user is run as its user would, by the tests of the package. */
const NEVER = ['**/node_modules/**', 'out/**', 'dist/**', 'examples/vitest-suite/**'];
/** A kit is built in some minutes and a guest under emulation boots in seconds, so guest tests get half an hour. */
const GUEST_TIMEOUT_MS = 1_800_000;

// Tests start some hundred processes of Node. Each of them would strip the types of all its sources again, which is most of
// what a short one does; those that are given an environment of their own are not affected.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/node');

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      {
        test: {
          name: 'fast',
          globalSetup: PROVISION,
          include: ['**/*.test.ts'],
          exclude: [...NEVER, GUEST_TESTS, PACKAGE_TESTS, CHECKS],
          testTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'checks',
          include: [CHECKS],
          exclude: NEVER,
          testTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Guests have deadlines, so nothing else may run beside them.
        test: {
          name: 'guest',
          globalSetup: PROVISION,
          include: [GUEST_TESTS],
          exclude: NEVER,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: GUEST_TIMEOUT_MS,
          hookTimeout: GUEST_TIMEOUT_MS,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'package',
          globalSetup: PROVISION,
          include: [PACKAGE_TESTS],
          exclude: NEVER,
          fileParallelism: false,
          testTimeout: GUEST_TIMEOUT_MS,
          hookTimeout: GUEST_TIMEOUT_MS,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
