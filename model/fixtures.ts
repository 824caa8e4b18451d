import { expect } from 'vitest';
import { applicableClauses } from '../spec/clauses.ts';
import { Contract } from '../spec/contract.ts';
import lkmc from '../spec/contracts/lkmc_mmap.json' with { type: 'json' };
import pages from '../spec/contracts/pages_mmap.json' with { type: 'json' };
import { DEFAULT_SERIES, type KernelProfile, MEASURED_SERIES } from '../spec/kernel.ts';
import { platformOf } from '../spec/platform.ts';
import { LEVELS, type Observation } from '../spec/observation.ts';
import { FAILURES } from '../spec/operations/define.ts';
import { type Operation, OPERATION_NAMES, type Setting, SETTING_NAMES } from '../spec/program.ts';
import type { TargetFacts } from '../spec/protocol.ts';
import { REFERENCE_FACTS } from './reference-facts.ts';
import { end, initialState, step } from './step.ts';

export const L = Contract.parse(lkmc);
export const P = Contract.parse(pages);

/** An operation of p0, or of another actor. */
export type Act<Op = Operation> = Op extends Operation ? Omit<Op, 'actor'> & { actor?: string } : never;

export type Version = readonly [number, number];

const DEFAULT_VERSION: Version = [6, 12];

/** A kernel of a version, as a guest would report it. */
export function profile(contract: Contract, version: Version, facts: Partial<TargetFacts> = {}): KernelProfile {
  const proc = contract.node.kind === 'proc';
  const series = version.join('.');
  const measured = MEASURED_SERIES.find((one) => one === series) ?? DEFAULT_SERIES;
  return {
    release: series,
    version,
    measured,
    platform: platformOf('x86_64', 4096),
    noexec: proc,
    regular: proc,
    facts: { ...REFERENCE_FACTS, ...facts },
  };
}

export interface Surroundings {
  readonly version?: Version;
  readonly setting?: Setting;
  readonly facts?: Partial<TargetFacts>;
}

/**
 * Runs operations and shows each as `outcome [data] ⟦callbacks⟧`, the last line being the callbacks of the end. Every
 * clause that is cited must apply to the contract and the kernel.
 */
export function run(contract: Contract, acts: readonly Act[], surroundings: Surroundings = {}): string[] {
  const { version = DEFAULT_VERSION, setting, facts } = surroundings;
  const kernel = profile(contract, version, facts);
  const applicable = applicableIds(contract, kernel);
  let state = initialState(contract, kernel, { setting });
  const lines = acts.map((act) => {
    const result = step(state, { actor: 'p0', ...act }, contract, kernel);
    state = result.state;
    const { outcome, callbacks } = result.expected;
    const cited = [...result.clauses.outcome, ...callbacks.map(({ clause }) => clause)];
    expect(applicable).toEqual(expect.arrayContaining(cited));
    return `${shown(outcome)}${logged(callbacks)}`;
  });
  return [...lines, logged(end(state, contract, kernel).expected.callbacks).trim()];
}

function applicableIds(contract: Contract, kernel: KernelProfile): string[] {
  const facts = {
    ...kernel.facts,
    mapPages: kernel.facts.mapPages,
    unlocksWholeArea: kernel.facts.unlocksWholeArea === true,
    noexec: kernel.noexec,
    repeat: true,
    version: kernel.version,
    platform: kernel.platform,
    operations: OPERATION_NAMES,
    settings: SETTING_NAMES,
    failures: FAILURES,
  };
  return applicableClauses(contract, facts, LEVELS).map(({ id }) => id);
}

function shown(outcome: Observation['outcome']): string {
  if ('errno' in outcome) return outcome.errno;
  if ('none' in outcome) return outcome.none;
  if ('signal' in outcome) return `${outcome.signal}/${outcome.code}@${String(outcome.at)}`;
  return outcome.data === undefined ? String(outcome.ret) : `${String(outcome.ret)} [${outcome.data}]`;
}

function logged(callbacks: readonly { text: string }[]): string {
  return callbacks.length === 0 ? '' : ` ⟦${callbacks.map(({ text }) => text).join(', ')}⟧`;
}
