import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { DEFAULT_TARGETS, packagesMissingFor, resolveTarget } from '../../adapters/targets.ts';
import { runCampaign } from '../../properties/engine/campaign.ts';
import { PROPERTY_NAMES, type PropertyName } from '../../properties/engine/campaign-types.ts';
import type { ReportContext } from '../../reports/counterexample.ts';
import { reportCoverage } from '../../reports/coverage.ts';
import { reportJson } from '../../reports/json.ts';
import { reportJunit } from '../../reports/junit.ts';
import { summarize } from '../../reports/summary.ts';
import { CLAUSES } from '../../spec/clauses.ts';
import { ConformanceError } from '../../spec/errors.ts';
import { listContracts, loadContract } from '../../spec/io/load.ts';
import { unknownName } from '../../spec/io/suggest.ts';
import { MOST_INSTANCES } from '../../spec/ports/target.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { installFor } from '../install.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { invocation } from '../invocation.ts';
import { collect, parseCount, parseDuration, parseJobs, parseSeed, SEEDS, timeoutOption } from '../options.ts';
import { createProgress } from '../progress.ts';
import { prepareRunFiles } from '../run-files.ts';
import { createRecorder } from '../run-recorder.ts';
import { type RunPlan, runTargets } from '../run-targets.ts';
import { paint, printJson, say } from '../terminal.ts';
import { userDriver, userDriverArguments, type UserDriverOptions, withUserDriver } from '../user-driver.ts';

/** What `run` checks when a driver of the user's is named, and no target. */
const DRIVER_TARGETS = ['kernel:6.12'] as const;
const DEFAULT_PROGRAMS = 1000;
const DEFAULT_SHRINK_MS = 60_000;

interface RunOptions extends UserDriverOptions {
  target?: string[];
  adapter?: string[];
  contract?: string[];
  property?: string[];
  seed?: number;
  programs?: number;
  time?: number;
  timeout?: number;
  shrinkTime: number;
  jobs?: number;
  out?: string;
  install?: true;
  json?: true;
}

/** `run`: checks targets against contracts with generated programs. */
export function runCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('run');
  command
    .option('--target <name>', `a target, repeatable (default: ${DEFAULT_TARGETS.join(', ')})`, collect)
    .option('--adapter <command>', 'a command that speaks the protocol (docs/protocol.md), repeatable', collect)
    .option('--contract <name|file>', `a contract, repeatable (default: ${listContracts().join(', ')})`, collect)
    .option('--property <name>', `a property, repeatable (default: ${PROPERTY_NAMES.join(', ')})`, collect)
    .option('--seed <number>', 'the seed of all programs (default: random, printed)', parseSeed)
    .option(
      '--programs <number>',
      `programs for each generated property (default: ${String(DEFAULT_PROGRAMS)})`,
      parseCount,
    )
    .addOption(
      new Option('--time <duration>', 'check this long instead, for example 60s')
        .argParser(parseDuration)
        .conflicts('programs'),
    )
    .addOption(
      new Option('--shrink-time <duration>', 'the most to spend on shrinking one counterexample')
        .argParser(parseDuration)
        .default(DEFAULT_SHRINK_MS, '60s'),
    )
    .addOption(timeoutOption())
    .option(
      '--jobs <number>',
      `instances of each target that work at once, 1 to ${String(MOST_INSTANCES)} (default: one for each processor with kernel:…, for each but one with uml:…, else 1)`,
      parseJobs,
    )
    .option('--out <directory>', 'where journal.jsonl, junit.xml and coverage.md are written (default: out/TIME)')
    .option('--install', 'install the packages that targets need; without it, such a target is refused')
    .option('--json', 'print one JSON object to standard output')
    .action(async (options: RunOptions) => onExit(await run(options)));
  return withUserDriver(command);
}

async function run(options: RunOptions): Promise<ExitCode> {
  const { plan, contractArguments } = makePlan(options);
  const names = plan.targets.map((target) => target.name);
  if (options.install) await installFor(names);
  const files = prepareRunFiles(options.out, new Date());
  const recorder = createRecorder(files.journal, files.directory, contractArguments, userDriverArguments(options));
  const context: ReportContext = { clause: (id) => CLAUSES.get(id), replayCommand: recorder.replayCommand };
  const signal = abortOnInterrupt();
  const progress = createProgress(process.stderr);
  say(`seed ${String(plan.seed)}, journal ${files.journal}`);
  try {
    const view = await runTargets({ plan, recorder, progress, signal, runCampaign });
    progress.stop();
    writeFileSync(files.junit, reportJunit(view, context));
    writeFileSync(files.coverage, reportCoverage(view, context.clause));
    for (const line of summarize(view, context, files.directory, paint)) say(line);
    const lacking = [...(await packagesMissingFor(names)).keys()];
    if (lacking.length > 0) {
      say(`install what is missing: ${invocation()} prepare ${lacking.join(' ')} (or run again with --install)`);
    }
    const { journal, junit, coverage } = files;
    if (options.json) printJson(reportJson(view, { journal, junit, coverage }, context.clause));
    return view.footer === undefined ? EXIT.incomplete : exitCodeOf(view.footer.verdict);
  } finally {
    progress.stop();
    recorder.close();
  }
}

/** Everything that can be wrong with the arguments is found here, before anything is written or started. */
function makePlan(options: RunOptions): { plan: RunPlan; contractArguments: Map<string, string> } {
  const contractArguments = new Map<string, string>();
  const contracts = (options.contract ?? listContracts()).map((argument) => {
    const contract = loadContract(argument);
    if (contractArguments.has(contract.name)) {
      const message = `two contracts have the name ${contract.name}, so their results could not be told apart`;
      throw new ConformanceError('usage', 'same-contract', message);
    }
    contractArguments.set(contract.name, argument);
    return contract;
  });
  const driver = userDriver(options, options.contract === undefined ? [] : contracts);
  const targets = targetNames(options, driver.userModule === undefined ? DEFAULT_TARGETS : DRIVER_TARGETS);
  const properties = (options.property ?? PROPERTY_NAMES).map((name) => propertyNamed(name));
  const plan: RunPlan = {
    targets: targets.map((name) => resolveTarget(name, driver)),
    contracts,
    properties,
    seed: options.seed ?? randomInt(SEEDS),
    programs: options.programs ?? DEFAULT_PROGRAMS,
    ...(options.time === undefined ? {} : { timeMs: options.time }),
    shrinkMs: options.shrinkTime,
    ...(options.timeout === undefined ? {} : { silenceMs: options.timeout }),
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
  };
  return { plan, contractArguments };
}

/** Only what was asked for: adapters alone mean no other target. */
function targetNames({ target = [], adapter = [] }: RunOptions, otherwise: readonly string[]): readonly string[] {
  const names = [...target, ...adapter.map((command) => `adapter:${command}`)];
  return names.length > 0 ? [...new Set(names)] : otherwise;
}

function propertyNamed(name: string): PropertyName {
  const property = PROPERTY_NAMES.find((known) => known === name);
  if (property === undefined) {
    throw new ConformanceError('usage', 'unknown-property', unknownName('property', name, PROPERTY_NAMES));
  }
  return property;
}
