import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { freeNumber, install, lookUpAny } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { fail, succeed } from '../outcome.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process } from '../state.ts';

/** net/core/scm.c `scm_fp_copy`: the message holds a reference of its own, also on a name (O_PATH). */
export function send(draft: Draft, process: Process, op: Op<'send'>): Outcome {
  const description = lookUpAny(draft, process, op.fd);
  if (description === undefined) return fail(draft, 'EBADF', 'FD-02');
  draft.inFlight = [...draft.inFlight, description.id];
  return succeed(draft, 0, description.path ? 'PATH-03' : 'PASS-01');
}

/** net/core/scm.c `scm_detach_fds`: the message is taken out first, so what finds no number is lost with it. */
export function receive(draft: Draft, process: ProcessDraft, op: Op<'receive'>): Outcome {
  const [description, ...rest] = draft.inFlight;
  if (description === undefined) {
    draft.bindDescriptor(op.to, -1);
    return fail(draft, 'EAGAIN', 'PASS-03');
  }
  draft.inFlight = rest;
  const number = freeNumber(draft, process);
  if (number === undefined) {
    draft.bindDescriptor(op.to, -1);
    draft.drop(description);
    return fail(draft, 'EMFILE', 'PASS-04');
  }
  install(process, number, description);
  draft.bindDescriptor(op.to, number);
  return succeed(draft, number, 'PASS-02');
}
