import type { Verdict } from '../spec/journal.ts';
import type { ClauseLookup } from './counterexample.ts';
import type { Cell, RunView } from './run-view.ts';

/** Where a run wrote its files. */
export interface RunFiles {
  readonly journal: string;
  readonly junit: string;
  readonly coverage: string;
}

/** The one object that `run --json` prints. Durations are milliseconds. */
export interface RunReport {
  readonly tool: { readonly name: string; readonly version: string };
  readonly seed: number;
  readonly startedAt: string;
  readonly finishedAt: string | undefined;
  readonly durationMs: number | undefined;
  readonly verdict: Verdict;
  readonly exitCode: number | undefined;
  readonly files: RunFiles;
  /** One for each target and contract. */
  readonly results: readonly CellReport[];
}

/** What was found on one target with one contract. */
type CellReport = ReturnType<typeof reportCell>;

/** Makes the machine-readable report of a run. */
export function reportJson(view: RunView, files: RunFiles, clause: ClauseLookup): RunReport {
  const { header, footer } = view;
  return {
    tool: header.tool,
    seed: header.seed,
    startedAt: header.startedAt,
    finishedAt: footer?.finishedAt,
    durationMs: footer?.durationMs,
    verdict: footer?.verdict ?? 'incomplete',
    exitCode: footer?.exitCode,
    files,
    results: view.cells.map((cell) => reportCell(cell, clause)),
  };
}

function reportCell(cell: Cell, clause: ClauseLookup) {
  const { applicable, exercised } = cell.coverage;
  return {
    target: cell.target,
    contract: cell.contract,
    verdict: cell.verdict,
    /** What the target reported of itself; null when it never answered. */
    implementation: cell.started?.implementation ?? null,
    kernel: cell.started?.kernel ?? null,
    note: cell.started?.note,
    levels: cell.started?.levels ?? [],
    programs: cell.programs,
    /** Operations whose observation was compared on every one of `levels`. */
    operations: cell.operations,
    clauses: {
      exercised: exercised.length,
      applicable: applicable.length,
      notExercised: applicable.filter((id) => !exercised.includes(id)),
    },
    /** What was reached of each source file of the driver; empty where that is not counted. */
    driver: cell.driver,
    /** Programs by verdict. */
    verdicts: cell.verdicts,
    durationMs: Math.round(cell.durationMs),
    operationsPerSecond: cell.operationsPerSecond,
    properties: cell.results.map(({ property, verdict, programs, operations, durationMs, message }) => ({
      property,
      verdict,
      programs,
      operations,
      durationMs: Math.round(durationMs),
      message,
    })),
    counterexamples: cell.counterexamples.map(({ property, verdict, token, disagreement, program, text }) => ({
      property,
      verdict,
      clause: disagreement.clause,
      requirement: clause(disagreement.clause)?.text,
      disagreement,
      token,
      program,
      text,
    })),
    troubles: cell.troubles.map(({ property, verdict, message }) => ({ property, verdict, message })),
  };
}
