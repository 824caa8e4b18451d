import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { firstBehind } from './areas.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { Process } from '../state.ts';
import { VM_LOCKED, VM_SHARED } from '../vm-flags.ts';

/** mm/msync.c: area by area; a driver without fsync fails for shared mappings. */
export function msync(draft: Draft, process: Process, op: Op<'msync'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  const has = (name: NonNullable<Op<'msync'>['flags']>[number]): boolean => op.flags?.includes(name) === true;
  if (has('unknown')) return fail(draft, 'EINVAL', 'SYNC-02');
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'SYNC-03');
  if (has('async') && has('sync')) return fail(draft, 'EINVAL', 'SYNC-04');
  const pages = pageCount(op.length);
  if (typeof pages !== 'number') return succeed(draft, 0, 'SYNC-05');
  const end = at / PAGE_SIZE + pages;
  let page = at / PAGE_SIZE;
  let sawHole = false;
  for (;;) {
    const vma = firstBehind(process.vmas, page);
    // Whatever follows belongs to the target, behind a guard that is mapped.
    if (vma === undefined || vma.start >= end) return fail(draft, 'ENOMEM', 'SYNC-06');
    if (page < vma.start) sawHole = true;
    if (sawHole && op.flags?.length === 1 && has('async')) return fail(draft, 'ENOMEM', 'SYNC-06');
    if (has('invalidate') && (vma.flags & VM_LOCKED) !== 0) return fail(draft, 'EBUSY', 'SYNC-07');
    page = vma.end;
    if (has('sync') && (vma.flags & VM_SHARED) !== 0) return fail(draft, 'EINVAL', 'SYNC-08');
    if (page >= end) return sawHole ? fail(draft, 'ENOMEM', 'SYNC-06') : succeed(draft, 0, 'SYNC-01');
  }
}
