import type { Excuse } from './skips.ts';

/** What continuous integration does not prepare, because it would take too long for what it shows. */
const NOT_PREPARED = [
  ['uml:6.12', 'a third kernel to compile; 6.12 runs in QEMU and 6.1 on User Mode Linux'],
  ['uml:6.1-packaged', 'the same kernel as uml:6.1 as Debian has built it'],
] as const;

/** The tests that may be skipped where `CI` is set. Any other one that is skipped there fails the run. */
export const EXCUSED_SKIPS: readonly Excuse[] = NOT_PREPARED.flatMap(([target, reason]) =>
  ['lkmc_mmap', 'pages_mmap'].map((contract) => ({
    file: 'properties/acceptance/uml.guest.test.ts',
    test: `${target} does with ${contract} what the model says, on every level`,
    reason,
  })),
);
