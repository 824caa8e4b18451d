import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { DEVICE_BUFFER, resetDevice } from '../memory/buffer.ts';
import type { Draft } from '../draft.ts';
import { fail, type Performers, succeed } from '../outcome.ts';
import { endProcess, forkProcess } from '../processes/processes.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import type { Process } from '../state.ts';

function fork(draft: Draft, process: ProcessDraft, op: Op<'fork'>): Outcome {
  forkProcess(draft, process, op.to);
  return succeed(draft, 0, 'FORK-01');
}

function exit(draft: Draft, process: Process): Outcome {
  endProcess(draft, process);
  return succeed(draft, 0, 'EXIT-01');
}

function checkpoint(draft: Draft): Outcome {
  draft.layoutClauses.push('VMA-01');
  return { ret: 0 };
}

/** kernel/module/main.c `delete_module`, and the module's init again: only while nothing refers to the driver. */
function reload(draft: Draft): Outcome {
  for (const description of draft.descriptions.values()) {
    if (!description.path) return fail(draft, 'EAGAIN', 'MODULE-01');
  }
  if (draft.contract.buffer.owner === 'device') resetDevice(draft, DEVICE_BUFFER);
  if (draft.allocationFails()) {
    draft.alternative = { ret: 0 };
    return fail(draft, 'ENOMEM', 'FAIL-05');
  }
  return succeed(draft, 0, 'MODULE-02');
}

export const processes = { fork, exit, checkpoint, reload } satisfies Performers<
  'fork' | 'exit' | 'checkpoint' | 'reload'
>;
