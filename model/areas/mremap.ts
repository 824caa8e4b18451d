import { toUnsigned } from '../../spec/integer.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { mremapChecksFirst } from '../changes.ts';
import type { Draft } from '../draft.ts';
import { remapAtOnce } from './mremap-at-once.ts';
import type { Remap } from './mremap-move.ts';
import { remapStepwise } from './mremap-stepwise.ts';
import { fail } from '../outcome.ts';
import { PAGE_SIZE, pageCount, resolve, safe } from './place.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';

/** mm/mremap.c: by the order of its checks until 6.16, or as it was written anew in 6.17. */
export function mremap(draft: Draft, process: ProcessDraft, op: Op<'mremap'>): Outcome {
  const at = resolve(draft, op.at);
  const to = op.place === undefined ? undefined : resolve(draft, op.place);
  if (at === undefined || (op.place !== undefined && to === undefined)) return { none: 'unbound' };
  const has = (name: NonNullable<Op<'mremap'>['flags']>[number]): boolean => op.flags?.includes(name) === true;
  if (!isSafe(draft, op, at, to)) return { none: 'unsafe' };

  const oldPages = pages(op.oldLength);
  const newPages = pages(op.newLength);
  const remap: Remap = {
    op,
    start: at / PAGE_SIZE,
    oldPages,
    newPages,
    isFixed: has('fixed'),
    mayMove: has('maymove'),
    dontUnmap: has('dontunmap'),
    to,
  };
  if (has('unknown')) return fail(draft, 'EINVAL', 'REMAP-02');
  const outcome = mremapChecksFirst(draft.kernel)
    ? remapAtOnce(draft, process, remap, at % PAGE_SIZE !== 0)
    : remapStepwise(draft, process, remap, at % PAGE_SIZE !== 0);
  if ('ret' in outcome && typeof outcome.ret === 'number') {
    draft.mappings = draft.mappings.with(op.to, outcome.ret);
  }
  return outcome;
}

function isSafe(draft: Draft, op: Op<'mremap'>, at: number, to: number | undefined): boolean {
  const { facts } = draft.kernel;
  if (!safe(facts, at, op.oldLength, 'wraps')) return false;
  if (to === undefined) return op.flags?.includes('fixed') !== true;
  return safe(facts, to, op.newLength, 'too-long');
}

/** Pages, with 0 for a length that wraps when it is rounded up, and an absurd number for an absurd length. */
function pages(length: Op<'mremap'>['oldLength']): number {
  const count = pageCount(length);
  if (typeof count === 'number') return count;
  return count === 'too-long' ? Number((toUnsigned(length) + 4095n) / 4096n) : 0;
}
