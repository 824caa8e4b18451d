import { toUnsigned } from '../spec/integer.ts';
import type { Outcome } from '../spec/observation.ts';
import type { Operation } from '../spec/program.ts';
import type { Draft } from './draft.ts';
import { fail, lookUp, succeed } from './files.ts';
import { chooseGap, isFree, PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { Process, Vma } from './state.ts';
import { carve, insertMerged, withoutPages } from './vma.ts';
import * as flag from './vm-flags.ts';

type Mmap = Extract<Operation, { op: 'mmap' }>;

/** Removes what lies in the range, as munmap and MAP_FIXED do, with the driver's callbacks. */
export function unmapRange(draft: Draft, process: Process, start: number, end: number, clause: string): Process {
  const { rest, inside, splits } = carve(process.vmas, start, end);
  if (inside.length === 0) return process;
  const { vmOperations } = draft.contract;
  if (splits > 0) draft.layoutClauses.push('VMA-05');
  for (let index = 0; index < splits && vmOperations.open; index++) draft.callback('vm_open', '', 'UNMAP-06');
  for (const vma of inside) {
    if (vmOperations.close) draft.callback('vm_close', '', clause);
    draft.drop(vma.description);
  }
  const pages = withoutPages(process.pages, start, end);
  if (pages !== process.pages) {
    draft.framesTouched = true;
    draft.framesClauses.push('FRAME-04');
  }
  const changed = { ...process, vmas: rest, pages };
  draft.replace(changed);
  return changed;
}

/** mm/mmap.c: `ksys_mmap_pgoff`, `do_mmap`, `mmap_region`; the order of the checks is measured. */
export function mmap(draft: Draft, process: Process, op: Mmap): Outcome {
  const { facts } = draft.kernel;
  const hint = op.place === undefined ? undefined : resolve(draft, op.place.at);
  if (op.place !== undefined) {
    if (hint === undefined) return { none: 'unbound' };
    if (!safe(facts, hint, op.length, 'too-long')) return { none: 'unsafe' };
  }
  const offset = toUnsigned(op.offset);
  if (offset % BigInt(PAGE_SIZE) !== 0n) return fail(draft, 'EINVAL', 'MAP-02');
  const description = lookUp(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'MAP-03');
  const pages = pageCount(op.length);
  if (pages === 'zero') return fail(draft, 'EINVAL', 'MAP-04');
  if (pages === 'wraps') return fail(draft, 'ENOMEM', 'MAP-05');
  if (pages === 'too-long') return fail(draft, 'ENOMEM', 'MAP-05');
  const pgoff = offset / BigInt(PAGE_SIZE);

  const start = choose(draft, process, op, hint, pages);
  if (typeof start !== 'number') return start;
  // mm/mmap.c `file_mmap_ok`: regular files end at LLONG_MAX, devices at ULONG_MAX.
  const last = (draft.kernel.regular ? 2n ** 63n : 2n ** 64n) - 1n;
  if (pgoff > (last - BigInt(pages * PAGE_SIZE)) / BigInt(PAGE_SIZE)) return fail(draft, 'EOVERFLOW', 'MAP-06');
  const refused = refusal(draft, op, description);
  if (refused !== undefined) return refused;

  const end = start + pages;
  const replaces = op.place?.how === 'fixed' && !isFree(process.vmas, start, end);
  if (replaces) draft.outcomeClauses.push('MAP-09');
  const current = replaces ? unmapRange(draft, process, start, end, 'UNMAP-07') : process;

  const isShared = op.type === 'shared' || op.type === 'validate';
  let flags = flag.accessFlags(op.prot) | flag.VM_MAYREAD | flag.VM_MAYWRITE | flag.VM_MAYEXEC | flag.VM_SOFTDIRTY;
  if (!facts.softDirty) flags &= ~flag.VM_SOFTDIRTY;
  if (isShared) flags |= flag.VM_MAYSHARE | flag.VM_SHARED;
  if (isShared && !description.writable) flags &= ~(flag.VM_MAYWRITE | flag.VM_SHARED);
  if (draft.kernel.noexec) flags &= ~flag.VM_MAYEXEC;
  if (op.flags?.includes('noreserve') === true) flags |= flag.VM_NORESERVE;
  if ((flags & (flag.VM_NORESERVE | flag.VM_SHARED | flag.VM_WRITE)) === flag.VM_WRITE) {
    if (pages > facts.memoryPages) return fail(draft, 'ENOMEM', 'MAP-20');
    flags |= flag.VM_ACCOUNT;
  }
  const vma: Vma = { start, end, flags, pgoff: Number(pgoff), description: description.id, anon: 0, chain: [] };
  const { vmas, merged } = insertMerged(current.vmas, vma, draft, false);
  if (merged) {
    draft.outcomeClauses.push('MAP-22');
    draft.layoutClauses.push('VMA-03');
    draft.replace({ ...current, vmas });
  } else {
    draft.callback('mmap', '', 'MAP-21');
    if (draft.contract.mmap.range === 'buffer' && pgoff + BigInt(pages) > BigInt(draft.contract.buffer.pages)) {
      return fail(draft, 'EINVAL', replaces ? 'MAP-19' : 'MAP-18');
    }
    const { mmap: rules, vmOperations } = draft.contract;
    if (rules.callsVmOpen && vmOperations.open) draft.callback('vm_open', '', 'MAP-23');
    if (rules.flags.length > 0) draft.layoutClauses.push('VMA-04');
    const driverFlags =
      (rules.flags.includes('dontexpand') ? flag.VM_DONTEXPAND : 0) |
      (rules.flags.includes('dontdump') ? flag.VM_DONTDUMP : 0);
    const own = insertMerged(current.vmas, { ...vma, flags: flags | driverFlags, anon: 0 }, draft, false);
    draft.replace({ ...current, vmas: own.vmas });
  }
  draft.layoutClauses.push(isShared ? 'VMA-02' : 'VMA-06', 'VMA-01');
  draft.mappings = new Map(draft.mappings).set(op.to, start);
  return succeed(draft, start, successClause(op, hint, start));
}

function successClause(op: Mmap, hint: number | undefined, start: number): string {
  if (op.place === undefined) return 'MAP-11';
  if (op.place.how === 'hint') return Math.floor((hint ?? 0) / PAGE_SIZE) === start ? 'MAP-10' : 'MAP-12';
  return op.place.how === 'fixed' ? 'MAP-01' : 'MAP-24';
}

/** `get_unmapped_area`: the first page, or the error. */
function choose(draft: Draft, process: Process, op: Mmap, hint: number | undefined, pages: number): number | Outcome {
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
  return chooseGap(facts, process.vmas, pages) ?? fail(draft, 'ENOMEM', 'MAP-05');
}

/** The checks of `do_mmap` on type, access and execution, in their order. */
function refusal(draft: Draft, op: Mmap, description: { readable: boolean; writable: boolean }): Outcome | undefined {
  if (op.type === 'none' || op.type === 'both-bits-and-more') return fail(draft, 'EINVAL', 'MAP-15');
  const unknown = op.flags?.includes('unknown') === true;
  if (op.type === 'validate' && unknown) return fail(draft, 'EOPNOTSUPP', 'MAP-16');
  // The kernel's LEGACY_MAP_MASK does not know MAP_FIXED_NOREPLACE, which is younger.
  if (op.type === 'validate' && op.place?.how === 'noreplace') return fail(draft, 'EOPNOTSUPP', 'MAP-26');
  if (unknown) draft.outcomeClauses.push('MAP-17');
  const wantsWrite = op.prot[1] === 'w';
  if (op.type !== 'private' && wantsWrite && !description.writable) return fail(draft, 'EACCES', 'MAP-25');
  if (!description.readable) return fail(draft, 'EACCES', 'MAP-13');
  if (op.prot[2] === 'x' && draft.kernel.noexec) return fail(draft, 'EPERM', 'MAP-14');
  return undefined;
}
