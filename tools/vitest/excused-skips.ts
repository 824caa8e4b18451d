import type { Excuse } from './skips.ts';

/** What continuous integration does not prepare, because it would take too long for what it shows. */
const NOT_PREPARED = [
  ['uml:6.12', 'a third kernel to compile; 6.12 runs in QEMU and 6.1 on User Mode Linux'],
  ['uml:6.1-packaged', 'the same kernel as uml:6.1 as Debian has built it'],
] as const;

/** What a target cannot show: properties of these are skipped with the reason, as any user of the package sees them. */
const NOT_SHOWN = [
  ['sim in this process', ['exploration'], 'it counts no lines of a driver'],
  ['memfd', ['exploration', 'failures', 'balance', 'leak'], 'it has no driver'],
] as const;

const CONTRACTS = ['lkmc_mmap', 'pages_mmap'];

/** The tests that may be skipped where `CI` is set. Any other one that is skipped there fails the run. */
export const EXCUSED_SKIPS: readonly Excuse[] = [
  ...NOT_PREPARED.flatMap(([target, reason]) =>
    CONTRACTS.map((contract) => ({
      file: 'properties/acceptance/uml.guest.test.ts',
      test: `${target} does with ${contract} what the model says, on every level`,
      reason,
    })),
  ),
  ...NOT_SHOWN.flatMap(([target, properties, reason]) =>
    CONTRACTS.flatMap((contract) =>
      properties.map((property) => ({
        file: 'properties/acceptance/own-targets.property.test.ts',
        test: `${target} conforms to ${contract} > ${property}`,
        reason,
      })),
    ),
  ),
];
