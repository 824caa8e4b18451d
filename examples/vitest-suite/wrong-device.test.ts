import fc from 'fast-check';
import { conformance } from 'mmap-conformance/vitest';
import { WrongDevice } from './wrong-device.ts';

// The usual settings of fast-check; the options `seed` and `numRuns` would do the same for this device only.
fc.configureGlobal({ seed: 1, numRuns: 100 });

conformance(() => new WrongDevice(), { contract: 'lkmc_mmap', properties: ['lockstep'] });
