import type { Platform } from '../../spec/platform.ts';

/** A report of the kernel about itself, which no program and no driver is to blame for. */
interface KnownReport {
  /** The whole line. One that names a function of a module never matches. */
  readonly line: RegExp;
  /** The machine that it is seen on, as the target names it. */
  readonly machine: string;
  readonly reason: string;
}

const KNOWN_REPORTS: readonly KnownReport[] = [
  {
    line: /^WARNING: suspicious RCU usage$/,
    machine: 'um',
    reason:
      'The first process that a new process of User Mode Linux becomes walks its areas without a lock (arch/um/kernel/tlb.c ' +
      'force_flush_all); seen once in each boot of 6.1 with lockdep and without our patch.',
  },
];

/** The reports that somebody has to answer for. */
export function answerable(reports: readonly string[], { machine }: Platform): readonly string[] {
  return reports.filter(
    (report) => !KNOWN_REPORTS.some((known) => known.machine === machine && known.line.test(report)),
  );
}
