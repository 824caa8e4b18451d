import type { Address, Op } from '../../../spec/program.ts';
import type { Process } from '../../../model/state.ts';
import { Weighted } from '../choices.ts';
import { dataOf, PAGE, text, transferLength } from './common.ts';
import { straddling, target } from './ranges.ts';
import type { Generators, Scene } from './scene.ts';

type Names = 'load' | 'store' | 'vm_read' | 'vm_write' | 'mem_read' | 'mem_write';

const LOADED = new Weighted([
  [6, 1],
  [8, 4],
  [3, 8],
  [1, PAGE],
  [1, PAGE + 2],
]);

function load(scene: Scene): Op<'load'> {
  const length = scene.choices.from(LOADED);
  return { op: 'load', actor: scene.process.name, at: target(scene), length };
}

function store(scene: Scene): Op<'store'> {
  const { choices } = scene;
  const length = choices.chance(90) ? text(scene).length : choices.pick([1, 8, PAGE + 2]);
  return { op: 'store', actor: scene.process.name, at: target(scene), data: dataOf(scene, length) };
}

/** A process to look into: itself, another, now and then one that is gone or never was. */
function other(scene: Scene): { of: string; process: Process | undefined } {
  const { choices, state } = scene;
  if (choices.chance(3)) {
    const of = choices.chance(50) ? 'p99' : `p${String(choices.between(0, scene.names.actors))}`;
    return { of, process: state.processes.find(({ name }) => name === of) };
  }
  const process = choices.pick(state.processes);
  return { of: process.name, process };
}

/** The first byte of a private copy that a fork shared: who touches it may have to copy it once more. */
function sharedCopy({ choices, state }: Scene): { of: string; at: Address } | undefined {
  const owners = new Map<number, { of: string; page: number }>();
  const shared: { of: string; page: number }[] = [];
  for (const { name: of, pages } of state.processes) {
    for (const [page, { frame, anonymous }] of pages) {
      if (!anonymous || page < 0) continue;
      const owner = owners.get(frame);
      if (owner !== undefined) shared.push(owner, { of, page });
      else owners.set(frame, { of, page });
    }
  }
  if (shared.length === 0) return undefined;
  const { of, page } = choices.pick(shared);
  return { of, at: { arena: page * PAGE } };
}

/** Memory of a process: in an area or beyond; a range that begins in one area may end in another, or in none. */
function memory(scene: Scene): { of: string; at: Address; length: number } {
  const { choices } = scene;
  const copy = scene.state.processes.length > 1 && choices.chance(70) ? sharedCopy(scene) : undefined;
  if (copy !== undefined) return { ...copy, length: choices.pick([1, 4, PAGE + 2]) };
  const { of, process } = other(scene);
  const vmas = process?.vmas ?? [];
  const edge = choices.chance(20) ? straddling(scene, vmas) : undefined;
  if (edge !== undefined) return { of, at: edge, length: choices.pick([2, 4, 5, 100, PAGE]) };
  const length = choices.chance(12) ? choices.pick([2 * PAGE, PAGE + 2]) : Math.min(transferLength(scene), 2 * PAGE);
  return { of, at: target(scene, vmas), length };
}

function reading(scene: Scene): { actor: string; of: string; at: Address; length: number } {
  return { actor: scene.process.name, ...memory(scene) };
}

function writing(scene: Scene): { actor: string; of: string; at: Address; data: Op<'store'>['data'] } {
  const { of, at, length } = memory(scene);
  return { actor: scene.process.name, of, at, data: dataOf(scene, length) };
}

/** Accessing memory: by the processor, or by the kernel on behalf of a process. */
export const access: Generators<Names> = {
  load: { in: { every: 6, dirty: 8, advice: 3, moving: 4, areas: 3 }, make: load },
  store: { in: { every: 7, dirty: 14, foreign: 5, processes: 5, advice: 3, moving: 6 }, make: store },
  vm_read: { in: { foreign: 11, processes: 2 }, make: (scene) => ({ op: 'vm_read', ...reading(scene) }) },
  vm_write: { in: { foreign: 8, processes: 1 }, make: (scene) => ({ op: 'vm_write', ...writing(scene) }) },
  mem_read: { in: { foreign: 7 }, make: (scene) => ({ op: 'mem_read', ...reading(scene) }) },
  mem_write: { in: { foreign: 9 }, make: (scene) => ({ op: 'mem_write', ...writing(scene) }) },
};
