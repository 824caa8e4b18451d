import type { Address, Data, Operation } from '../spec/program.ts';
import type { Int64 } from '../spec/integer.ts';
import type { Vma } from '../model/state.ts';
import { permissions, VM_SHARED } from '../model/vm-flags.ts';
import type { Scene } from './generate.ts';

/** One generator for each operation: valid on purpose, and in a smaller part invalid on purpose. */

type Op<Name extends Operation['op']> = Extract<Operation, { op: Name }>;

const PAGE = 4096;

function newDescriptor(scene: Scene): string {
  return `d${String(scene.names.descriptors++)}`;
}

/** A descriptor that is open in this process, now and then one that is not (any more). */
function descriptor(scene: Scene): string {
  const { choices, state, process } = scene;
  const open: string[] = [];
  for (const [name, number] of state.descriptors) if ((process.descriptors[number] ?? 0) !== 0) open.push(name);
  if (open.length > 0 && choices.chance(96)) return choices.pick(open);
  const known = [...state.descriptors.keys()];
  return known.length > 0 && choices.chance(80) ? choices.pick(known) : 'd99';
}

export function open(scene: Scene): Op<'open'> {
  const { choices } = scene;
  const access = choices.weighted([
    [8, 'rw'],
    [2, 'ro'],
    [1, 'wo'],
  ] as const);
  const flags = choices.chance(12)
    ? [choices.pick(['append', 'cloexec', 'nonblock', 'sync', 'trunc'] as const)]
    : undefined;
  return { op: 'open', actor: scene.process.name, to: newDescriptor(scene), access, ...(flags && { flags }) };
}

export function close(scene: Scene): Op<'close'> {
  return { op: 'close', actor: scene.process.name, fd: descriptor(scene) };
}

export function dup(scene: Scene): Op<'dup'> {
  return { op: 'dup', actor: scene.process.name, fd: descriptor(scene), to: newDescriptor(scene) };
}

function transferLength(scene: Scene): number {
  return scene.choices.weighted([
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
}

export function read(scene: Scene): Op<'read'> {
  return { op: 'read', actor: scene.process.name, fd: descriptor(scene), length: transferLength(scene) };
}

function fileOffset(scene: Scene): Int64 {
  return scene.choices.weighted<Int64>([
    [6, 0],
    [6, 1],
    [4, 3],
    [4, 4],
    [3, 5],
    [2, PAGE],
    [2, 16_384],
    [2, -1],
    [1, '-9223372036854775808'],
    [1, '9223372036854775807'],
    [1, '9223372036854775804'],
    [1, 2 ** 40],
  ]);
}

export function pread(scene: Scene): Op<'pread'> {
  const { process } = scene;
  const length = transferLength(scene);
  return { op: 'pread', actor: process.name, fd: descriptor(scene), length, offset: fileOffset(scene) };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function text(scene: Scene): string {
  const { choices } = scene;
  let value = '';
  for (let left = choices.between(1, 5); left > 0; left--) value += LETTERS[choices.between(0, 61)] ?? 'x';
  return value;
}

function data(scene: Scene): Data {
  const { choices } = scene;
  const value = text(scene);
  if (choices.chance(80)) return { text: value, length: value.length };
  const length = transferLength(scene);
  // A long text of one letter stays short on the wire, where bytes are run-length encoded.
  return length > 100 ? { text: value.slice(0, 1), length } : { text: value, length };
}

export function write(scene: Scene): Op<'write'> {
  const { size } = scene.contract.write;
  // Only a buffer that is full shows what happens at its end.
  const filling = scene.choices.chance(8) ? { text: text(scene).slice(0, 1), length: size } : data(scene);
  return { op: 'write', actor: scene.process.name, fd: descriptor(scene), data: filling };
}

export function pwrite(scene: Scene): Op<'pwrite'> {
  return {
    op: 'pwrite',
    actor: scene.process.name,
    fd: descriptor(scene),
    data: data(scene),
    offset: fileOffset(scene),
  };
}

export function lseek(scene: Scene): Op<'lseek'> {
  const { choices } = scene;
  const whence = choices.pick(['set', 'cur', 'end', 'data', 'hole', 'bad'] as const);
  return { op: 'lseek', actor: scene.process.name, fd: descriptor(scene), offset: fileOffset(scene), whence };
}

function protection(scene: Scene): string {
  return scene.choices.weighted([
    [50, 'rw-'],
    [22, 'r--'],
    [6, '-w-'],
    [6, '---'],
    [3, 'r-x'],
    [2, 'rwx'],
    [2, '--x'],
    [1, '-wx'],
  ]);
}

const ABSURD_LENGTHS: readonly Int64[] = [
  2 ** 47,
  2 ** 52,
  '4611686018427387904',
  '9223372036854775808',
  '18446744073709547520',
  '18446744073709551615',
];

/** Bytes: whole pages most of the time. */
function mapLength(scene: Scene): Int64 {
  const { choices } = scene;
  const pages = choices.weighted([
    [10, 1],
    [8, 2],
    [6, 3],
    [5, 4],
    [2, 5],
    [1, 8],
  ]);
  if (choices.chance(82)) return pages * PAGE;
  if (choices.chance(50)) return pages * PAGE + choices.pick([-1, 1, -4095]);
  const limit = scene.kernel.facts.mapPages;
  const long = limit === undefined ? [33 * PAGE, 2 ** 20, 2 ** 30, 2 ** 30, 2 ** 40, 2 ** 46] : [33 * PAGE];
  return choices.pick<Int64>([0, ...long, ...ABSURD_LENGTHS]);
}

/** Bytes. */
function mapOffset(scene: Scene): Int64 {
  const { choices } = scene;
  if (choices.chance(70)) return choices.pick([0, 0, 0, 1, 2, 3]) * PAGE;
  if (choices.chance(60)) return choices.pick([4, 5, 8]) * PAGE;
  return choices.pick<Int64>([
    1,
    PAGE - 1,
    PAGE + 1,
    2 ** 40,
    -PAGE,
    -2 * PAGE,
    -1,
    '9223372036854767616',
    '9223372036854771712',
    '9223372036854775808',
  ]);
}

/** A page of the arena as an address, rarely misaligned. */
function arenaAddress(scene: Scene, page: number): Address {
  const offset = scene.choices.chance(3) ? scene.choices.pick([1, 8, 4095]) : 0;
  return { arena: page * PAGE + offset };
}

export function mmap(scene: Scene): Op<'mmap'> {
  const { choices, process } = scene;
  if (process.vmas.length > 0 && choices.chance(25)) {
    const beside = besides(scene, choices.pick(process.vmas));
    if (beside !== undefined) return beside;
  }
  const { range } = scene.contract.mmap;
  const isHuge = range === 'any' && scene.kernel.facts.mapPages === undefined && choices.chance(2);
  if (isHuge) return hugePrivate(scene);
  const type = choices.weighted([
    [52, 'shared'],
    [38, 'private'],
    [6, 'validate'],
    [2, 'none'],
    [2, 'both-bits-and-more'],
  ] as const);
  const flags = choices.weighted([
    [88, undefined],
    [8, ['noreserve']],
    [5, ['unknown']],
    [1, ['noreserve', 'unknown']],
  ] as const);
  const how = choices.weighted([
    [50, undefined],
    [28, 'fixed'],
    [12, 'hint'],
    [10, 'noreplace'],
  ] as const);
  const length = mapLength(scene);
  const place = how === undefined ? undefined : { how, at: arenaAddress(scene, placeFor(scene, length)) };
  return {
    op: 'mmap',
    actor: process.name,
    fd: descriptor(scene),
    to: `m${String(scene.names.mappings++)}`,
    length,
    offset: mapOffset(scene),
    prot: protection(scene),
    type,
    ...(flags && { flags: [...flags] }),
    ...(place && { place }),
  };
}

/** More than all memory, private, not writable yet: what a later mprotect may not make writable. */
function hugePrivate(scene: Scene): Op<'mmap'> {
  return {
    op: 'mmap',
    actor: scene.process.name,
    fd: descriptor(scene),
    to: `m${String(scene.names.mappings++)}`,
    length: 2 ** 40,
    offset: 0,
    prot: scene.choices.pick(['r--', '---']),
    type: 'private',
  };
}

/** A page at which the length fits into the arena: mappings that meet each other are the interesting ones, so few places. */
function placeFor(scene: Scene, length: Int64): number {
  const pages = typeof length === 'number' && length < 2 ** 40 ? Math.ceil(Math.max(length, 1) / PAGE) : 1;
  const last = Math.max(0, Math.min(scene.kernel.facts.arenaPages - pages, 12));
  return scene.choices.between(0, last);
}

/** A mapping that continues an existing one before or behind it: what the kernel may merge. */
function besides(scene: Scene, vma: Vma): Op<'mmap'> | undefined {
  const { choices, process, state } = scene;
  const fd = [...state.descriptors].find(([, number]) => process.descriptors[number] === vma.description)?.[0];
  if (fd === undefined) return undefined;
  const pages = choices.between(1, 2);
  const behind = choices.chance(60);
  const start = behind ? vma.end : vma.start - pages;
  const pgoff = behind ? vma.pgoff + vma.end - vma.start : vma.pgoff - pages;
  if (start < 0 || start + pages > scene.kernel.facts.arenaPages || pgoff < 0 || pgoff > 2 ** 30) return undefined;
  return {
    op: 'mmap',
    actor: process.name,
    fd,
    to: `m${String(scene.names.mappings++)}`,
    length: pages * PAGE,
    offset: pgoff * PAGE,
    prot: choices.chance(80) ? permissions(vma.flags).slice(0, 3) : protection(scene),
    type: (vma.flags & VM_SHARED) !== 0 ? 'shared' : 'private',
    place: { how: choices.pick(['fixed', 'noreplace', 'hint'] as const), at: { arena: start * PAGE } },
  };
}

/** An address in terms of a mapping variable when one lies there, else of the arena. */
function addressOf(scene: Scene, byte: number): Address {
  const { choices, state } = scene;
  for (const [map, page] of state.mappings) {
    const offset = byte - page * PAGE;
    if (offset >= 0 && offset < 4 * PAGE && (choices.chance(70) || byte < 0)) return { map, offset };
  }
  return { arena: byte };
}

/** A range of pages relative to an area: whole, head, tail, middle, more than it, or somewhere in the arena. */
function pageRange(scene: Scene): readonly [start: number, end: number] {
  const { choices, process } = scene;
  const { arenaPages } = scene.kernel.facts;
  if (process.vmas.length === 0 || choices.chance(10)) {
    const start = choices.between(0, arenaPages - 4);
    return [start, start + choices.between(1, 4)];
  }
  const { start, end } = choices.pick(process.vmas);
  const pages = Math.min(end - start, 64);
  const low = start + choices.between(0, pages - 1);
  const high = choices.between(low + 1, start + pages);
  const [from, to] = choices.weighted<readonly [number, number]>([
    [6, [start, end]],
    [5, [start, high]],
    [5, [low, end]],
    [5, [low, high]],
    [4, [start - choices.between(0, 2), end + choices.between(0, 3)]],
    [2, [low, end + choices.between(1, 4)]],
  ]);
  return start < 0 ? [Math.max(from, start), Math.min(to, end)] : [Math.max(0, from), Math.min(to, arenaPages)];
}

interface ByteRange {
  at: Address;
  length: Int64;
}

function byteRange(scene: Scene, absurd: readonly Int64[]): ByteRange {
  const { choices } = scene;
  const [start, end] = pageRange(scene);
  const shift = choices.chance(3) ? choices.pick([1, 8, 4095]) : 0;
  const trim = choices.chance(10) ? choices.pick([1, 4095]) : 0;
  const at = addressOf(scene, start * PAGE + shift);
  if (choices.chance(4)) return { at, length: choices.pick(absurd) };
  return { at, length: Math.max(0, (end - start) * PAGE - trim) };
}

export function munmap(scene: Scene): Op<'munmap'> {
  return { op: 'munmap', actor: scene.process.name, ...byteRange(scene, [0, 0, ...ABSURD_LENGTHS]) };
}

export function mprotect(scene: Scene): Op<'mprotect'> {
  const huge = scene.process.vmas.find((vma) => vma.end - vma.start > scene.kernel.facts.memoryPages);
  if (huge !== undefined && scene.choices.chance(60)) {
    const at = addressOf(scene, huge.start * PAGE);
    const length = (huge.end - huge.start) * PAGE;
    return { op: 'mprotect', actor: scene.process.name, at, length, prot: protection(scene) };
  }
  const range = byteRange(scene, [0, 0, '18446744073709551615', '18446744073709547521']);
  return { op: 'mprotect', actor: scene.process.name, ...range, prot: protection(scene) };
}

/** A byte address to access: mostly in an area, near its pages' edges, sometimes beyond. */
function target(scene: Scene): Address {
  const { choices, process } = scene;
  const { arenaPages } = scene.kernel.facts;
  if (process.vmas.length === 0 || choices.chance(5)) {
    return addressOf(scene, choices.between(0, arenaPages - 2) * PAGE);
  }
  const vma = choices.pick(process.vmas);
  const beyond = choices.chance(6) ? 1 : 0;
  const last = Math.min(vma.end - vma.start - 1, 8) + beyond;
  const page = Math.min(vma.start + choices.between(0, last), vma.start < 0 ? vma.end - 1 : arenaPages - 1);
  const offset = choices.weighted([
    [12, 0],
    [4, 1],
    [3, 2],
    [2, 4],
    [2, 100],
    [3, PAGE - 2],
    [1, PAGE - 1],
  ]);
  return addressOf(scene, page * PAGE + offset);
}

export function load(scene: Scene): Op<'load'> {
  const length = scene.choices.weighted([
    [6, 1],
    [8, 4],
    [3, 8],
    [1, PAGE],
    [1, PAGE + 2],
  ]);
  return { op: 'load', actor: scene.process.name, at: target(scene), length };
}

export function store(scene: Scene): Op<'store'> {
  const { choices } = scene;
  const value = text(scene);
  const length = choices.chance(90) ? value.length : choices.pick([1, 8, PAGE + 2]);
  const stored = length > 100 ? { text: value.slice(0, 1), length } : { text: value, length };
  return { op: 'store', actor: scene.process.name, at: target(scene), data: stored };
}

export function fork(scene: Scene): Op<'fork'> {
  return { op: 'fork', actor: scene.process.name, to: `p${String(scene.names.actors++)}` };
}

export function exit(scene: Scene): Op<'exit'> {
  return { op: 'exit', actor: scene.process.name };
}

export function checkpoint(scene: Scene): Op<'checkpoint'> {
  return { op: 'checkpoint', actor: scene.process.name };
}
