import type { ClauseId } from '../../spec/clauses.ts';
import { type Int64, toUnsigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { isSpecial, mayExpand, mayLock } from './areas.ts';
import { mergesAfterDriver, splitsBeforeLimits } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { populate } from '../memory/gup.ts';
import { mergeNew } from './merge.ts';
import { lookUp } from '../operations/descriptors.ts';
import { fail, succeed } from '../outcome.ts';
import { placementFlags, placePages } from './placing.ts';
import { gapFor } from './huge-alignment.ts';
import { chooseGap, isFree, PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { OpenFile, Process, Vma } from '../state.ts';
import { divide, remove } from './unmap.ts';
import * as flag from '../vm-flags.ts';

type Mmap = Op<'mmap'>;

/** mm/mmap.c `ksys_mmap_pgoff`, `do_mmap`, `mmap_region`; the order of the checks is measured. */
export function mmap(draft: Draft, process: ProcessDraft, op: Mmap): Outcome {
  const { facts } = draft.kernel;
  const hint = op.place === undefined ? undefined : resolve(draft, op.place.at);
  if (op.place !== undefined) {
    if (hint === undefined) return { none: 'unbound' };
    if (!safe(facts, hint, op.length, 'too-long')) return { none: 'unsafe' };
  }
  const has = (name: NonNullable<Mmap['flags']>[number]): boolean => op.flags?.includes(name) === true;
  const pgoff = pageOffset(op.offset);
  if (pgoff === undefined) return fail(draft, 'EINVAL', 'MAP-02');
  const description = lookUp(draft, process, op.fd);
  if (description === undefined || description.path) return fail(draft, 'EBADF', 'MAP-03');
  if (has('hugetlb')) return fail(draft, 'EINVAL', 'MAP-27');
  const pages = pageCount(op.length);
  if (pages === 'zero') return fail(draft, 'EINVAL', 'MAP-04');
  if (pages === 'wraps') return fail(draft, 'ENOMEM', 'MAP-05');
  const { areas } = draft.setting;
  if (areas !== undefined && process.vmas.length > areas) return fail(draft, 'ENOMEM', 'AREA-01');
  if (pages === 'too-long') return fail(draft, 'ENOMEM', 'MAP-05');

  const start = choose(draft, process, op, hint, { pages, pgoff });
  if (typeof start !== 'number') return start;
  const wanted = (has('locked') ? flag.VM_LOCKED : 0) | process.futureFlags;
  if (has('locked') && draft.setting.locked === 0) return fail(draft, 'EPERM', 'LOCK-18');
  if ((wanted & flag.VM_LOCKED) !== 0 && !mayLock(draft, process, pages)) return fail(draft, 'EAGAIN', 'LOCK-19');
  // mm/mmap.c `file_mmap_ok`: regular files end at LLONG_MAX, devices at ULONG_MAX, whose last pages' worth of bytes is not whole.
  const end = draft.kernel.regular ? 2 ** 51 : 2 ** 52;
  if (pgoff > end - 1 - pages) return fail(draft, 'EOVERFLOW', 'MAP-06');
  const refused = refusal(draft, op, description);
  if (refused !== undefined) return refused;

  const flags = areaFlags(draft, op, description, wanted);
  const region = mapRegion(draft, process, op, {
    start,
    end: start + pages,
    flags,
    pgoff,
    anonPgoff: start,
    description: description.id,
    anon: 0,
    chain: [],
  });
  if (region !== undefined) return region;
  draft.mappings = draft.mappings.with(op.to, start);
  const populates = (flags & flag.VM_LOCKED) !== 0 || (has('populate') && !has('nonblock'));
  if (populates) {
    draft.outcomeClauses.push((flags & flag.VM_LOCKED) !== 0 ? 'LOCK-04' : 'MAP-28');
    populate(draft, process, start, start + pages, true);
  }
  return succeed(draft, start, successClause(op, hint, start));
}

/** The page that an offset begins with, as an unsigned register has it; undefined within a page. */
function pageOffset(offset: Int64): number | undefined {
  if (typeof offset === 'number' && offset >= 0) return offset % PAGE_SIZE === 0 ? offset / PAGE_SIZE : undefined;
  const unsigned = toUnsigned(offset);
  // No more than 2^52, which is exact in a double.
  return unsigned % BigInt(PAGE_SIZE) === 0n ? Number(unsigned / BigInt(PAGE_SIZE)) : undefined;
}

function successClause(op: Mmap, hint: number | undefined, start: number): ClauseId {
  if (op.place === undefined) return 'MAP-11';
  if (op.place.how === 'hint') return Math.floor((hint ?? 0) / PAGE_SIZE) === start ? 'MAP-10' : 'MAP-12';
  return op.place.how === 'fixed' ? 'MAP-01' : 'MAP-24';
}

/** `get_unmapped_area`: the first page, or the error. */
function choose(
  draft: Draft,
  process: Process,
  op: Mmap,
  hint: number | undefined,
  { pages, pgoff }: { pages: number; pgoff: number },
): number | Outcome {
  const { facts } = draft.kernel;
  if (op.place !== undefined && hint !== undefined) {
    const page = Math.floor(hint / PAGE_SIZE);
    if (op.place.how === 'hint') {
      if (isFree(process.vmas, page, page + pages)) return page;
    } else {
      if (hint % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'MAP-07');
      if (op.place.how === 'noreplace' && !isFree(process.vmas, page, page + pages)) {
        return fail(draft, 'EEXIST', 'MAP-08');
      }
      return page;
    }
  }
  const chosen = op.place === undefined ? gapFor(draft, process, pages, pgoff) : chooseGap(facts, process.vmas, pages);
  return chosen ?? fail(draft, 'ENOMEM', 'MAP-05');
}

/** The checks of `do_mmap` on type, access and execution, in their order. */
function refusal(draft: Draft, op: Mmap, description: OpenFile): Outcome | undefined {
  const has = (name: NonNullable<Mmap['flags']>[number]): boolean => op.flags?.includes(name) === true;
  if (op.type === 'none' || op.type === 'both-bits-and-more') return fail(draft, 'EINVAL', 'MAP-15');
  if (op.type === 'validate') {
    if (has('unknown')) return fail(draft, 'EOPNOTSUPP', 'MAP-16');
    // The kernel's LEGACY_MAP_MASK knows neither MAP_SYNC nor MAP_FIXED_NOREPLACE, which is younger.
    if (has('sync')) return fail(draft, 'EOPNOTSUPP', 'MAP-29');
    if (op.place?.how === 'noreplace') return fail(draft, 'EOPNOTSUPP', 'MAP-26');
  }
  if (has('unknown')) draft.outcomeClauses.push('MAP-17');
  const wantsWrite = op.prot[1] === 'w';
  if (op.type !== 'private' && wantsWrite && !description.writable) return fail(draft, 'EACCES', 'MAP-25');
  if (!description.readable) return fail(draft, 'EACCES', 'MAP-13');
  if (op.prot[2] === 'x' && draft.kernel.noexec) return fail(draft, 'EPERM', 'MAP-14');
  if (has('growsdown')) return fail(draft, 'EINVAL', 'MAP-30');
  return undefined;
}

/** `vm_flags` as `do_mmap` computes them. */
function areaFlags(draft: Draft, op: Mmap, description: OpenFile, locked: number): number {
  const isShared = op.type === 'shared' || op.type === 'validate';
  let flags = flag.accessFlags(op.prot) | flag.VM_MAYREAD | flag.VM_MAYWRITE | flag.VM_MAYEXEC | locked;
  if (isShared) flags |= flag.VM_MAYSHARE | flag.VM_SHARED;
  if (isShared && !description.writable) flags &= ~(flag.VM_MAYWRITE | flag.VM_SHARED);
  if (draft.kernel.noexec) flags &= ~flag.VM_MAYEXEC;
  if (op.flags?.includes('noreserve') === true) flags |= flag.VM_NORESERVE;
  // Also where the type makes the flag meaningless.
  if (op.flags?.includes('sync') === true) flags |= flag.VM_SYNC;
  return flags;
}

/** `accountable_mapping`. */
function isAccountable(flags: number): boolean {
  return (flags & (flag.VM_NORESERVE | flag.VM_SHARED | flag.VM_WRITE)) === flag.VM_WRITE;
}

/** The pages of areas in a range that are accounted already (mm/vma.c `count_vma_pages_range`). */
function accountedPages({ vmas }: Process, start: number, end: number): number {
  let pages = 0;
  for (const vma of vmas) {
    if (vma.start >= start && vma.end <= end && (vma.flags & flag.VM_ACCOUNT) !== 0) pages += vma.end - vma.start;
  }
  return pages;
}

/** mm/vma.c `__mmap_region`; undefined for success. */
function mapRegion(draft: Draft, process: ProcessDraft, op: Mmap, wanted: Vma): Outcome | undefined {
  const { start, end } = wanted;
  const pages = end - start;
  const replaces = op.place?.how === 'fixed' && !isFree(process.vmas, start, end);
  const overlap = process.vmas.reduce(
    (total, vma) => total + Math.max(0, Math.min(end, vma.end) - Math.max(start, vma.start)),
    0,
  );
  const isLate = splitsBeforeLimits(draft.kernel);
  if (replaces) draft.outcomeClauses.push('MAP-09');
  if (!isLate && !mayExpand(draft, process, pages - overlap)) return fail(draft, 'ENOMEM', 'SIZE-01');
  const areas = process.vmas.length;
  if (overlap > 0 && !divide(draft, process, start, end)) return fail(draft, 'ENOMEM', 'AREA-02');
  if (isLate && !mayExpand(draft, process, pages - overlap)) {
    return fail(draft, 'ENOMEM', process.vmas.length === areas ? 'SIZE-01' : 'SIZE-02');
  }
  if (!isLate && overlap > 0) remove(draft, process, start, end, 'UNMAP-07');
  let { flags } = wanted;
  if (isAccountable(flags)) {
    const accounted = isLate ? accountedPages(process, start, end) : 0;
    if (pages - accounted > draft.kernel.facts.memoryPages) return fail(draft, 'ENOMEM', 'MAP-20');
    flags |= flag.VM_ACCOUNT;
  }
  if (isLate && overlap > 0) remove(draft, process, start, end, 'UNMAP-07');

  // What is new counts as soft-dirty, which hinders no merge.
  const dirtied = draft.kernel.facts.softDirty ? flag.VM_SOFTDIRTY : 0;
  const candidate: Vma = { ...wanted, flags: flags | dirtied };
  const isShared = (flags & flag.VM_MAYSHARE) !== 0;
  const merged = mergeNew(draft, process.vmas, candidate, 'mapped');
  if (merged !== undefined) {
    draft.outcomeClauses.push('MAP-22');
    draft.layoutClauses.push('VMA-03');
    // A merged area counts as new, all of it, and so its pages as soft-dirty.
    draft.framesTouched = true;
    process.vmas = markNew(merged, start, dirtied);
  } else {
    draft.callback('mmap', '', 'MAP-21');
    const { mmap: rules, vmOperations } = draft.contract;
    const clause = driverRefuses(draft, candidate);
    if (clause !== undefined) {
      // What was there is gone, but that the driver refuses is what decides.
      if (replaces) draft.outcomeClauses.push('MAP-19');
      return fail(draft, rules.refusal ?? 'EINVAL', clause);
    }
    if (rules.callsVmOpen && vmOperations.open) draft.callback('vm_open', '', 'MAP-23');
    if (rules.flags.length > 0) draft.layoutClauses.push('VMA-04');
    const driverFlags =
      (rules.flags.includes('dontexpand') ? flag.VM_DONTEXPAND : 0) |
      (rules.flags.includes('dontdump') ? flag.VM_DONTDUMP : 0) |
      placementFlags(draft);
    if (isSpecial(driverFlags)) flags &= ~flag.VM_LOCKED_MASK;
    const own = { ...candidate, flags: flags | driverFlags | dirtied };
    const again = driverFlags !== 0 && mergesAfterDriver(draft.kernel) && process.vmas.some((vma) => vma.end <= start);
    const joined = again ? mergeNew(draft, process.vmas, own, 'mapped') : undefined;
    process.vmas = joined === undefined ? inserted(process.vmas, own) : markNew(joined, start, dirtied);
    placePages(draft, process, own);
  }
  draft.layoutClauses.push(isShared ? 'VMA-02' : 'VMA-06', 'VMA-01');
  return undefined;
}

/** Why the driver refuses the mapping, as the clause that says so; undefined when it does not. */
function driverRefuses({ contract }: Draft, { start, end, pgoff, flags }: Vma): ClauseId | undefined {
  const { buffer, mmap: rules } = contract;
  const pages = end - start;
  if (rules.range === 'buffer' && pgoff + pages > buffer.pages) return 'MAP-18';
  if (rules.range === 'whole' && (pgoff !== 0 || pages !== buffer.pages)) return 'MAP-32';
  const isPrivate = (flags & (flag.VM_SHARED | flag.VM_MAYWRITE)) === flag.VM_MAYWRITE;
  return isPrivate && rules.private === 'refused' ? 'MAP-33' : undefined;
}

/** Puts an area between the others. */
export function inserted(vmas: readonly Vma[], area: Vma): Vma[] {
  const index = vmas.findIndex((vma) => vma.start >= area.end);
  return vmas.toSpliced(index === -1 ? vmas.length : index, 0, area);
}

function markNew(vmas: readonly Vma[], page: number, dirtied: number): Vma[] {
  return vmas.map((vma) => (vma.start <= page && page < vma.end ? { ...vma, flags: vma.flags | dirtied } : vma));
}
