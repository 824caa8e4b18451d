/** Run by npm before all tests: says in one message what this machine lacks. Nothing is installed here. */
import { missingPackages } from '../../adapters/linux/packages.ts';
import { packagesMissingFor, TEST_TARGETS } from '../../adapters/targets.ts';
import { EXIT } from '../../cli/exit-codes.ts';

const lacking = [await missingPackages('tests'), ...(await packagesMissingFor(TEST_TARGETS)).values()].flat();
if (lacking.length > 0) {
  console.error(`
The tests need packages that are not installed: ${[...new Set(lacking)].join(', ')}.
Install them, and make the kernels for guests ready:  npm run conform -- prepare --tests
Or run the tests that can do without, as they are:     npx vitest run --project fast
`);
  process.exitCode = EXIT.incomplete;
}
