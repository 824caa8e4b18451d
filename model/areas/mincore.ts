import { encodeBytes } from '../../spec/bytes.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { findVma } from './areas.ts';
import { mincoreSeesRemapped } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, resolve, safe } from './place.ts';
import { GUARD, type Process } from '../state.ts';
import { VM_PFNMAP } from '../vm-flags.ts';

/** mm/mincore.c: a byte for each page, 1 where it is present; the page cache of a device is empty. */
export function mincore(draft: Draft, process: Process, op: Op<'mincore'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'wraps')) return { none: 'unsafe' };
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'CORE-02');
  const pages = Math.ceil(op.length / PAGE_SIZE);
  const bytes = new Uint8Array(pages);
  for (let index = 0; index < pages; index++) {
    const page = at / PAGE_SIZE + index;
    const vma = findVma(process.vmas, page);
    if (vma === undefined) return fail(draft, 'ENOMEM', 'CORE-03');
    // mm/pagewalk.c `walk_page_test` passes them over.
    if ((vma.flags & VM_PFNMAP) !== 0 && !mincoreSeesRemapped(draft.kernel)) {
      draft.outcomeClauses.push('PLACE-09');
      continue;
    }
    bytes[index] = (process.pages.get(page)?.frame ?? GUARD) === GUARD ? 0 : 1;
  }
  return { ...succeed(draft, 0, pages === 0 ? 'CORE-04' : 'CORE-01'), data: encodeBytes(bytes) };
}
