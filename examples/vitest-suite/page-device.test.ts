import { conformance } from 'mmap-conformance/vitest';
import { PageDevice } from './page-device.ts';

conformance(() => new PageDevice(), { contract: 'lkmc_mmap' });
