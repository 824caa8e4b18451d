import { applicableClauses, type ClauseFacts } from '../../spec/clauses.ts';
import { ConformanceError, describeError, messageOf } from '../../spec/errors.ts';
import type { ResultEntry } from '../../spec/journal.ts';
import { kernelNote } from '../../spec/kernel.ts';
import type { Failure } from '../../spec/operations/define.ts';
import type { Program } from '../../spec/program.ts';
import type { Session } from './session.ts';
import { PROPERTIES } from '../all.ts';
import type { Campaign, PropertyName } from './campaign-types.ts';
import { ClauseCounts } from '../judge/compare.ts';
import { corpusFor } from '../corpus.ts';
import { summarizeSource } from './driver-lines.ts';
import { ProgramArbitrary, programNumber, surroundingsOf } from '../generate/program.ts';
import { Instance } from './instance.ts';
import type { Property } from '../property.ts';
import { type RunLimits, runPrograms } from './runner.ts';
import { numbered, type Source } from '../source.ts';
import { Tally } from './tally.ts';

/**
 * Checks one target with one contract: opens it, runs the properties one after the other and writes every step to the journal.
 * Whatever the target does ends as an entry there. Throws only a `ConformanceError` of kind usage.
 */
export async function runCampaign(campaign: Campaign): Promise<void> {
  const { target, contract, write } = campaign;
  const where = { target: target.name, contract: contract.name };
  const instance = new Instance(target, contract, campaign);
  const others = (campaign.jobs ?? target.instances ?? 1) - 1;
  const instances = [instance, ...Array.from({ length: others }, () => new Instance(target, contract, campaign))];
  const coverage = new ClauseCounts();
  try {
    const session = await instance.session();
    const { implementation, kernel } = session.started;
    const note = kernelNote(session.profile);
    write({ type: 'target', ...where, implementation, kernel, levels: [...session.levels], ...(note && { note }) });
    let givenUp: string | undefined;
    for (const name of campaign.properties) {
      const property = PROPERTIES[name];
      const reason = impossible(property, session);
      if (givenUp !== undefined) write(unchecked(campaign, name, 'errored', givenUp));
      else if (reason !== undefined) write(unchecked(campaign, name, 'skipped', reason));
      else givenUp = await runProperty(campaign, instances, session, property, coverage);
    }
    const facts = clauseFacts(session);
    const clauses: Record<string, number> = {};
    for (const { id } of applicableClauses(contract, facts, session.levels)) clauses[id] = coverage.counts.get(id) ?? 0;
    write({ type: 'coverage', ...where, clauses });
    await writeDriver(campaign, instances);
  } catch (error) {
    if (error instanceof ConformanceError && error.kind === 'usage') throw error;
    if (campaign.signal.aborted) {
      for (const property of campaign.properties) write(new Tally().entry({ ...where, property }, false));
      return;
    }
    const message = describeError(error);
    const property = campaign.properties[0] ?? 'lockstep';
    // An adapter says so of a contract that it does not serve. Where a kernel has no such device, something is broken.
    const isRefusal =
      error instanceof ConformanceError && error.code === 'not-configured' && target.ownsKernel !== true;
    const verdict = isRefusal ? 'skipped' : 'errored';
    write({ type: 'trouble', ...where, property, verdict, message });
    for (const name of campaign.properties) write(unchecked(campaign, name, verdict, message));
  } finally {
    await Promise.all(instances.map((one) => one.close()));
  }
}

/** The entry of a property of which no program was run. */
function unchecked(
  { target, contract }: Campaign,
  property: PropertyName,
  verdict: 'skipped' | 'errored',
  reason: string,
): ResultEntry {
  const entry = new Tally().entry({ target: target.name, contract: contract.name, property }, true);
  return { ...entry, verdict, message: reason.split('\n')[0] ?? reason };
}

/** Writes what was reached of the driver, where that is counted. What is wrong with the counters spoils no result. */
async function writeDriver(
  { target, contract, properties, write }: Campaign,
  instances: readonly Instance[],
): Promise<void> {
  if (target.counting === undefined) return;
  const where = { target: target.name, contract: contract.name };
  try {
    const sources = await target.counting.read(
      contract.name,
      instances.flatMap(({ counters }) => counters),
    );
    if (sources.length > 0) write({ type: 'driver', ...where, files: sources.map(summarizeSource) });
  } catch (error) {
    const property = properties.at(-1) ?? 'lockstep';
    write({ type: 'trouble', ...where, property, verdict: 'errored', message: messageOf(error) });
  }
}

/** What of a target decides which clauses apply. */
export function clauseFacts(session: Session): ClauseFacts {
  const { started, profile } = session;
  const { operations, settings, failures, repeat } = started;
  const { noexec, version, platform, facts } = profile;
  const unlocksWholeArea = facts.unlocksWholeArea === true;
  return {
    ...facts,
    mapPages: facts.mapPages,
    unlocksWholeArea,
    noexec,
    version,
    platform,
    operations,
    settings,
    failures,
    repeat,
  };
}

/** Why a property cannot be judged on this target; undefined if it can. */
function impossible(property: Property, session: Session): string | undefined {
  const missing = property.needs.filter((level) => !session.levels.includes(level));
  if (missing.length > 0) return `the target does not observe ${missing.join(', ')}`;
  return property.lacks?.(session.started);
}

async function runProperty(
  campaign: Campaign,
  instances: readonly Instance[],
  session: Session,
  property: Property,
  coverage: ClauseCounts,
): Promise<string | undefined> {
  const stored = property.name === 'corpus' ? corpusFor(campaign.contract.name) : undefined;
  const run = (source: Source, plan?: RunLimits): Promise<string | undefined> =>
    runPrograms(campaign, instances, property, coverage, source, plan);
  if (stored !== undefined) {
    return run(
      numbered((index) => stored[index]?.program, stored.length),
      { planned: stored.length },
    );
  }
  const surroundings = surroundingsOf(campaign.contract, session.profile, session.started);
  const operations = surroundings.operations.difference(property.leavesOut ?? new Set());
  // Programs whose failures are enumerated have none of their own.
  const failing = property.source === undefined ? surroundings.failures : new Set<Failure>();
  const drawing = { ...surroundings, operations, failures: failing };
  const arbitrary = new ProgramArbitrary(drawing, property.lengths);
  const program = (index: number, onto?: Program): Program => {
    const continued = onto === undefined ? arbitrary : new ProgramArbitrary(drawing, property.lengths, onto);
    return programNumber(continued, campaign.seed, index);
  };
  const share = Math.ceil((campaign.programs * property.share) / 100);
  const planned = Math.max(1, Math.min(share, property.most ?? share));
  if (property.source !== undefined) {
    const { counting } = campaign.target;
    return run(property.source({ program, count: planned, surroundings, counting }));
  }
  const { timeMs } = campaign;
  const isTimed = timeMs !== undefined && property.name === 'lockstep';
  return isTimed ? run(numbered(program, Infinity), { timeMs }) : run(numbered(program, planned), { planned });
}
