import { writeRules } from '../../../spec/contract.ts';
import type { Int64 } from '../../../spec/integer.ts';
import type { Address, Data } from '../../../spec/program.ts';
import { TRANSFER_MAX } from '../../../spec/values.ts';
import { Weighted } from '../choices.ts';
import type { Scene } from './scene.ts';

/** What generators of all families share: names, lengths, offsets, bytes. */

export const PAGE = 4096;

/** Pages that one operation may bring in, lock or ask about at most. */
export const MODEST_PAGES = 64;

/** Lengths that nothing is as long as, and those at which roundings and signs turn over. */
export const ABSURD_LENGTHS: readonly Int64[] = [
  2 ** 47,
  2 ** 52,
  '4611686018427387904',
  '9223372036854775808',
  '18446744073709547520',
  '18446744073709551615',
];

/** True in `percent` of 100 cases, and much more often where an operation shall be wrong in several ways. */
export function odd(scene: Scene, percent: number): boolean {
  return scene.choices.chance(scene.reckless ? Math.max(percent, 35) : percent);
}

/** Few of the values, the same ones for the whole program, so that what they do meets (swarm testing of arguments). */
export function favourite<T>(scene: Scene, key: string, values: readonly T[], count: number): T {
  const { choices, memory } = scene;
  let few = memory.get(key) as readonly T[] | undefined;
  if (few === undefined) {
    few = Array.from({ length: count }, () => choices.pick(values));
    memory.set(key, few);
  }
  return choices.pick(choices.chance(85) ? few : values);
}

/** Some of the values, each at most once, in their order; usually one of them. */
export function someOf<T>(scene: Scene, values: readonly T[]): T[] {
  const { choices } = scene;
  if (choices.chance(60)) return [choices.pick(values)];
  return values.filter(() => choices.chance(35));
}

/** `value` in one case of some, else absent; for optional fields. */
export function sometimes<Key extends string, T>(
  scene: Scene,
  percent: number,
  key: Key,
  value: () => T,
): Partial<Record<Key, T>> {
  return scene.choices.chance(percent) ? ({ [key]: value() } as Record<Key, T>) : {};
}

export function newDescriptor(scene: Scene): string {
  return `d${String(scene.names.descriptors++)}`;
}

export function newMapping(scene: Scene): string {
  return `m${String(scene.names.mappings++)}`;
}

/**
 * A descriptor that is open in this process, now and then one that is not (any more). `unusual` says how often, in percent, one
 * of a description that allows little, for calls that look at that.
 */
export function descriptor(scene: Scene, unusual = 0): string {
  const { choices, state } = scene;
  const open = openDescriptors(scene);
  if (open.length > 0 && !odd(scene, 4)) {
    const few = choices.chance(unusual) ? open.filter((name) => isUnusual(scene, name)) : [];
    return choices.pick(few.length > 0 ? few : open);
  }
  const known = [...state.descriptors.keys()];
  return known.length > 0 && choices.chance(80) ? choices.pick(known) : 'd99';
}

/** A descriptor whose number is free in this process, if there is one. */
export function closedDescriptor({ choices, state, process }: Scene): string | undefined {
  const free = [...state.descriptors].filter(([, number]) => number >= 0 && (process.descriptors[number] ?? 0) === 0);
  return free.length > 0 ? choices.pick(free)[0] : undefined;
}

/** The descriptor variables that are open in this process. */
export function openDescriptors({ state, process }: Scene): string[] {
  const open: string[] = [];
  for (const [name, number] of state.descriptors) if ((process.descriptors[number] ?? 0) !== 0) open.push(name);
  return open;
}

function isUnusual({ state, process }: Scene, name: string): boolean {
  const description = state.descriptions.get(process.descriptors[state.descriptors.get(name) ?? -1] ?? 0);
  return description !== undefined && (!description.readable || !description.writable || description.append);
}

const TRANSFER_LENGTHS = new Weighted([
  [2, 0],
  [6, 1],
  [8, 2],
  [8, 4],
  [4, 5],
  [3, 100],
  [1, PAGE],
  [1, PAGE + 1],
  [1, 20_000],
]);

/** Bytes that a transfer shall move. */
export function transferLength(scene: Scene): number {
  return scene.choices.from(TRANSFER_LENGTHS);
}

const EXTREME_OFFSETS: readonly Int64[] = [
  -1,
  -1,
  -2,
  '-9223372036854775808',
  '9223372036854775807',
  '9223372036854775806',
  '9223372036854775805',
  '9223372036854775804',
  2_147_483_647,
  2_147_483_646,
];

const OFFSETS = new Weighted<Int64>([
  [6, 0],
  [6, 1],
  [4, 3],
  [4, 4],
  [3, 5],
  [2, PAGE],
  [2, 16_384],
  [1, 2 ** 40],
]);

/** Offsets in the buffer, around its end, and at the ends of what an offset can be. */
export function fileOffset(scene: Scene): Int64 {
  if (odd(scene, 20)) return scene.choices.pick(EXTREME_OFFSETS);
  return scene.choices.from(OFFSETS);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A few letters, so that it can be seen who wrote what. */
export function text(scene: Scene): string {
  const { choices } = scene;
  let value = '';
  for (let left = choices.between(1, 5); left > 0; left--) value += LETTERS[choices.between(0, 61)] ?? 'x';
  return value;
}

/** Bytes of this length. A long text is of one letter, which stays short on the wire, where bytes are run-length encoded. */
export function dataOf(scene: Scene, length: number): Data {
  const value = text(scene);
  return { text: length > 100 ? value.slice(0, 1) : value, length };
}

export function data(scene: Scene): Data {
  const value = text(scene);
  if (scene.choices.chance(80)) return { text: value, length: value.length };
  return dataOf(scene, transferLength(scene));
}

const SEGMENTS = new Weighted([
  [1, 0],
  [3, 1],
  [8, 2],
  [5, 3],
  [2, 4],
]);

/** Lengths of the segments of a vector: up to four, which together are not more than a transfer may be. */
export function segmentLengths(scene: Scene): number[] {
  const { choices } = scene;
  const count = choices.from(SEGMENTS);
  const lengths = Array.from({ length: count }, () => transferLength(scene));
  // What reaches the end of the buffer shows what becomes of the segments behind it.
  if (count > 1 && choices.chance(25)) lengths[0] = writeRules(scene.contract).size;
  const sum = lengths.reduce((total, length) => total + length, 0);
  return sum > TRANSFER_MAX ? lengths.slice(0, 3) : lengths;
}

const PROTECTIONS = new Weighted([
  [50, 'rw-'],
  [22, 'r--'],
  [6, '-w-'],
  [6, '---'],
  [3, 'r-x'],
  [2, 'rwx'],
  [2, '--x'],
  [1, '-wx'],
]);

/** Protections, mostly those that let a program go on. */
export function protection(scene: Scene): string {
  return scene.choices.from(PROTECTIONS);
}

/** An address in terms of a mapping variable when one lies there, else of the arena. */
export function addressOf(scene: Scene, byte: number): Address {
  const { choices, state } = scene;
  // Never bound: such an operation is not performed.
  if (choices.chance(1)) return { map: 'm999', offset: 0 };
  for (const [map, page] of state.mappings) {
    const offset = byte - page * PAGE;
    if (offset >= 0 && offset < 4 * PAGE && (choices.chance(70) || byte < 0)) return { map, offset };
  }
  return { arena: byte };
}
