import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { unmapRange } from './unmap.ts';

/** mm/mmap.c `do_munmap`. */
export function munmap(draft: Draft, process: ProcessDraft, op: Op<'munmap'>): Outcome {
  const at = resolve(draft, op.at);
  if (at === undefined) return { none: 'unbound' };
  if (!safe(draft.kernel.facts, at, op.length, 'too-long')) return { none: 'unsafe' };
  if (at % PAGE_SIZE !== 0) return fail(draft, 'EINVAL', 'UNMAP-02');
  const pages = pageCount(op.length);
  if (pages === 'zero') return fail(draft, 'EINVAL', 'UNMAP-03');
  if (typeof pages !== 'number') return fail(draft, 'EINVAL', 'UNMAP-04');
  const start = at / PAGE_SIZE;
  const unmapped = unmapRange(draft, process, start, start + pages, 'UNMAP-07');
  if (unmapped === 'no-room') return fail(draft, 'ENOMEM', 'AREA-02');
  return succeed(draft, 0, unmapped ? 'UNMAP-01' : 'UNMAP-05');
}
