import type { Campaign, CampaignProgress, PropertyName } from '../properties/engine/campaign-types.ts';
import { escapeControls } from '../reports/escape.ts';
import { formatCount } from '../reports/format.ts';
import { type RunView, viewRun, worstVerdict, zeroVerdicts } from '../reports/run-view.ts';
import type { Contract } from '../spec/contract.ts';
import { ConformanceError, messageOf } from '../spec/errors.ts';
import { JOURNAL_VERSION, type JournalEntry, type Verdict } from '../spec/journal.ts';
import type { ReadyTarget, Target } from '../spec/ports/target.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { TOOL } from './invocation.ts';
import { prepareTargets } from './prepare-targets.ts';
import type { Progress } from './progress.ts';
import type { RunRecorder } from './run-recorder.ts';

/** What a run was asked for. */
export interface RunPlan {
  readonly targets: readonly Target[];
  readonly contracts: readonly Contract[];
  readonly properties: readonly PropertyName[];
  readonly seed: number;
  readonly programs: number;
  /** Bounds `lockstep` instead of the number of programs. */
  readonly timeMs?: number;
  readonly shrinkMs: number;
  /** How long a target may be silent while an answer is due, in milliseconds; 30 seconds if absent. */
  readonly silenceMs?: number;
  /** Instances of each target that work at once; what each is best run with if absent. */
  readonly jobs?: number;
}

/** A run with all that it needs. */
export interface Run {
  readonly plan: RunPlan;
  readonly recorder: RunRecorder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The engine: checks one target with one contract. */
  readonly runCampaign: (campaign: Campaign) => Promise<void>;
}

/**
 * Prepares the targets and checks each with each contract. A target that breaks costs only its own results. The
 * journal gets its footer whatever happens, short of being killed.
 *
 * @throws ConformanceError of kind `usage` when a target says that it cannot exist, or `target` when the journal
 * cannot be written.
 */
export async function runTargets(run: Run): Promise<RunView> {
  const { recorder, plan, signal } = run;
  const begun = new Date();
  const header = headerOf(plan, begun);
  recorder.write(header);
  const finish = (verdict: Verdict, exitCode: number): void => {
    const finishedAt = new Date();
    const durationMs = finishedAt.getTime() - begun.getTime();
    recorder.write({ type: 'footer', finishedAt: finishedAt.toISOString(), durationMs, verdict, exitCode });
  };
  try {
    await checkTargets(run);
  } catch (error) {
    const usage = error instanceof ConformanceError && error.kind === 'usage';
    finish('errored', usage ? EXIT.usage : EXIT.incomplete);
    throw error;
  }
  const verdict = signal.aborted ? 'incomplete' : runVerdict(viewRun(header, recorder.entries));
  finish(verdict, exitCodeOf(verdict));
  return viewRun(header, recorder.entries);
}

/** A cell in which all was skipped spoils a pass: nothing is known of it. */
function runVerdict(view: RunView): Verdict {
  const verdicts = view.cells.map((cell) => cell.verdict);
  const worst = worstVerdict(verdicts);
  return worst === 'pass' && verdicts.includes('skipped') ? 'skipped' : worst;
}

function headerOf(plan: RunPlan, begun: Date): JournalEntry & { type: 'header' } {
  return {
    type: 'header',
    version: JOURNAL_VERSION,
    tool: TOOL,
    startedAt: begun.toISOString(),
    seed: plan.seed,
    ...(plan.timeMs === undefined ? { programs: plan.programs } : { timeMs: plan.timeMs }),
    targets: plan.targets.map((target) => target.name),
    contracts: plan.contracts.map((contract) => contract.name),
    properties: [...plan.properties],
  };
}

async function checkTargets(run: Run): Promise<void> {
  const { plan, progress, signal } = run;
  const notes = new Set<string>();
  const { ready, broken } = await prepareTargets(plan.targets, { progress, signal });
  for (const [name, problem] of broken) progress.print(`${name} is left out: ${escapeControls(problem)}`);
  for (const target of plan.targets) {
    for (const contract of plan.contracts) {
      if (signal.aborted) return;
      const prepared = ready.get(target.name);
      if (prepared !== undefined) await checkTarget(run, prepared, contract, notes);
      else recordBroken(run, target.name, contract, broken.get(target.name) ?? 'it was not prepared');
    }
  }
}

/** @param notes - what was said of targets already, so that it is said once, not for each contract */
async function checkTarget(run: Run, target: ReadyTarget, contract: Contract, notes: Set<string>): Promise<void> {
  const { plan, recorder, progress, signal } = run;
  const label = `${target.name} ${contract.name}`;
  progress.stage(`${label}: starting`);
  let property: PropertyName | undefined;
  try {
    await run.runCampaign({
      ...plan,
      target,
      contract,
      signal,
      write: (entry) => {
        recorder.write(entry);
        if (entry.type === 'counterexample') {
          progress.print(`${label} ${entry.property}: ${entry.verdict}, breaks ${entry.disagreement.clause}`);
        } else if (entry.type === 'target' && entry.note !== undefined) {
          const note = `${target.name}: ${escapeControls(entry.note)}`;
          if (!notes.has(note)) progress.print(note);
          notes.add(note);
        }
      },
      onProgress: (now) => {
        const text = `${label} ${describeProgress(now)}`;
        if (now.property === property) progress.update(text);
        else progress.stage(text);
        property = now.property;
      },
    });
  } catch (error) {
    // A usage error and a journal that cannot be written concern the whole run; anything else is a mistake of ours.
    if (error instanceof ConformanceError && (error.kind === 'usage' || error.code === 'journal')) throw error;
    recordBroken(run, target.name, contract, `the harness broke: ${messageOf(error)}`);
  }
}

function recordBroken({ plan, recorder }: Run, target: string, contract: Contract, message: string): void {
  for (const property of plan.properties) {
    recorder.write({
      type: 'result',
      target,
      contract: contract.name,
      property,
      verdict: 'errored',
      verdicts: zeroVerdicts(),
      programs: 0,
      operations: 0,
      durationMs: 0,
      message,
    });
  }
}

function describeProgress(now: CampaignProgress): string {
  if (now.programs === 0) return `${now.property}: ${now.stage}`;
  const planned = now.planned === undefined ? '' : ` of ${formatCount(now.planned)}`;
  const failures = now.failures === 0 ? '' : `, ${formatCount(now.failures)} failing`;
  const speed = `${formatCount(Math.round(now.perSecond))} per second`;
  const operations = now.operations === 0 ? '' : `, ${formatCount(now.operations)} operations, ${speed}`;
  const done = `${formatCount(now.programs)}${planned} programs${operations}`;
  return `${now.property}: ${now.stage}, ${done}${failures}`;
}
