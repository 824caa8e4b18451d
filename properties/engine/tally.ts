import type { ResultEntry, Verdict } from '../../spec/journal.ts';

/** Counts what came of one property's programs. */
export class Tally {
  readonly #begun = performance.now();
  readonly verdicts: Record<Verdict, number> = { pass: 0, fail: 0, skipped: 0, errored: 0, flaky: 0, incomplete: 0 };
  programs = 0;
  operations = 0;

  add(verdict: Verdict, operations = 0): void {
    this.programs++;
    this.verdicts[verdict]++;
    this.operations += operations;
  }

  get durationMs(): number {
    return performance.now() - this.#begun;
  }

  get perSecond(): number {
    return this.operations / (this.durationMs / 1000);
  }

  /** The worst that came: a failure outweighs all, an unfinished run is never a pass. */
  verdict(complete: boolean): Verdict {
    for (const verdict of ['fail', 'flaky', 'errored'] as const) if (this.verdicts[verdict] > 0) return verdict;
    if (!complete) return 'incomplete';
    return this.verdicts.pass === 0 ? 'skipped' : 'pass';
  }

  entry(where: Pick<ResultEntry, 'target' | 'contract' | 'property'>, complete: boolean): ResultEntry {
    return {
      type: 'result',
      ...where,
      verdict: this.verdict(complete),
      verdicts: { ...this.verdicts },
      programs: this.programs,
      operations: this.operations,
      durationMs: Math.round(this.durationMs),
    };
  }
}
