import type { Outcome } from '../spec/observation.ts';
import type { Operation } from '../spec/program.ts';
import type { Draft } from './draft.ts';
import { fail, succeed } from './files.ts';
import { unmapRange } from './mmap.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { Process, Vma } from './state.ts';
import { carve, findVma, insertMerged } from './vma.ts';
import * as flag from './vm-flags.ts';

type Op<Name extends Operation['op']> = Extract<Operation, { op: Name }>;

/** mm/mmap.c `do_munmap`. */
export function munmap(draft: Draft, process: Process, op: Op<'munmap'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'too-long')) return { none: 'unsafe' };
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'UNMAP-02');
  const pages = pageCount(op.length);
  if (pages === 'zero') return fail(draft, 'EINVAL', 'UNMAP-03');
  if (typeof pages !== 'number') return fail(draft, 'EINVAL', 'UNMAP-04');
  const start = at / PAGE_SIZE;
  const changed = unmapRange(draft, process, start, start + pages, 'UNMAP-07');
  return succeed(draft, 0, changed === process ? 'UNMAP-05' : 'UNMAP-01');
}

/** mm/mprotect.c `do_mprotect_pkey`: area by area; what was changed before an error stays changed. */
export function mprotect(draft: Draft, process: Process, op: Op<'mprotect'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'PROT-02');
  const pages = pageCount(op.length);
  if (pages === 'zero') return succeed(draft, 0, 'PROT-03');
  if (typeof pages !== 'number') return fail(draft, 'ENOMEM', 'PROT-08');
  const start = at / PAGE_SIZE;
  const end = start + pages;
  const access = flag.accessFlags(op.prot);

  let current = process;
  for (let page = start; page < end;) {
    const vma = findVma(current.vmas, page);
    if (vma === undefined) return fail(draft, 'ENOMEM', page === start ? 'PROT-04' : 'PROT-07');
    const to = Math.min(end, vma.end);
    let flags = (vma.flags & ~flag.VM_ACCESS_FLAGS) | access;
    if ((flags & ~(flags >> 4) & flag.VM_ACCESS_FLAGS) !== 0) return fail(draft, 'EACCES', 'PROT-05');
    if (flags !== vma.flags) {
      const free = flag.VM_ACCOUNT | flag.VM_WRITE | flag.VM_SHARED | flag.VM_NORESERVE;
      if ((flags & flag.VM_WRITE) !== 0 && (vma.flags & free) === 0) {
        if (to - page > draft.kernel.facts.memoryPages) return fail(draft, 'ENOMEM', 'PROT-09');
        flags |= flag.VM_ACCOUNT;
      }
      current = reprotect(draft, current, vma, page, to, flags);
    }
    page = to;
  }
  return succeed(draft, 0, 'PROT-01');
}

/** mm/mprotect.c `mprotect_fixup`: the part gets new flags, split off or merged with its neighbours. */
function reprotect(draft: Draft, process: Process, vma: Vma, start: number, end: number, flags: number): Process {
  const { rest, splits } = carve(process.vmas, start, end);
  const part: Vma = { ...vma, start, end, flags, pgoff: vma.pgoff + (start - vma.start) };
  const { vmas, merged } = insertMerged(rest, part, draft, true);
  draft.layoutClauses.push('PROT-10');
  if (merged) draft.layoutClauses.push('VMA-03');
  if (splits > 0) {
    draft.layoutClauses.push('VMA-05');
    for (let index = 0; index < splits && draft.contract.vmOperations.open; index++) {
      draft.callback('vm_open', '', 'PROT-06');
    }
  }
  const changed = { ...process, vmas };
  draft.replace(changed);
  return changed;
}
