import type { ClauseId } from '../../spec/clauses.ts';
import { type Contract, DEFAULT_MODE } from '../../spec/contract.ts';
import type { Outcome } from '../../spec/observation.ts';
import type { Op } from '../../spec/program.ts';
import { DEVICE_BUFFER, newBuffer } from '../memory/buffer.ts';
import { refusesToCreateDirectory } from '../changes.ts';
import { freeNumber, install } from './descriptor-table.ts';
import type { Draft } from '../draft.ts';
import { succeed } from '../outcome.ts';
import type { ProcessDraft } from '../processes/process-draft.ts';
import { refuse, type Refused } from '../refusal.ts';
import type { OpenFile, Process } from '../state.ts';

type Flag = NonNullable<Op<'open'>['flags']>[number];

const NO_FLAGS: ReadonlySet<Flag> = new Set();

const READ = 4;
const WRITE = 2;

/** fs/open.c `do_sys_openat2`: flags that exclude each other, a free number, then the file itself; a number is taken last. */
export function open(draft: Draft, process: ProcessDraft, op: Op<'open'>): Outcome {
  const flags = op.flags === undefined ? NO_FLAGS : new Set(op.flags);
  const description = descriptor(draft, process, op, flags);
  if ('errno' in description) {
    draft.bindDescriptor(op.to, -1);
    return description;
  }
  const { number, id } = description;
  install(process, number, id);
  draft.bindDescriptor(op.to, number);
  return succeed(draft, number, flags.has('path') ? 'PATH-01' : successClause(op, flags));
}

function descriptor(
  draft: Draft,
  process: Process,
  op: Op<'open'>,
  flags: ReadonlySet<Flag>,
): { number: number; id: number } | Refused {
  const path = flags.has('path');
  // With O_PATH all flags but O_DIRECTORY are dropped before anything is checked.
  const creat = flags.has('creat') && !path;
  const directory = flags.has('directory');
  if (creat && directory && refusesToCreateDirectory(draft.kernel)) return refuse(draft, 'EINVAL', 'OPEN-03');
  const number = freeNumber(draft, process);
  if (number === undefined) return refuse(draft, 'EMFILE', 'LIMIT-01');
  if (creat && flags.has('excl')) return refuse(draft, 'EEXIST', 'OPEN-04');
  if (directory) return refuse(draft, 'ENOTDIR', 'OPEN-05');
  if (path) return { number, id: name(draft).id };
  if (op.user === 'nobody') {
    if (!permitted(draft.contract, op.access, flags)) return refuse(draft, 'EACCES', 'OPEN-06');
    if (flags.has('noatime')) return refuse(draft, 'EPERM', 'OPEN-07');
  }
  const description = file(draft, op, flags);
  if (description === undefined) return refuse(draft, 'ENOMEM', 'FAIL-01');
  if (flags.has('direct')) {
    // Whether the device can do this is known only after its driver has opened it.
    draft.drop(description.id);
    return refuse(draft, 'EINVAL', 'OPEN-08');
  }
  return { number, id: description.id };
}

/** What others than the owner may do with the node (fs/namei.c `may_open`): mode 3 and O_TRUNC need write permission, too. */
function permitted(contract: Contract, access: Op<'open'>['access'], flags: ReadonlySet<Flag>): boolean {
  let needed = flags.has('trunc') ? WRITE : 0;
  if (access !== 'wo') needed |= READ;
  if (access !== 'ro') needed |= WRITE;
  const others = Number((contract.node.mode ?? DEFAULT_MODE).at(-1));
  return (others & needed) === needed;
}

function name(draft: Draft): OpenFile {
  const description: OpenFile = {
    id: draft.id(),
    readable: false,
    writable: false,
    append: false,
    path: true,
    position: 0,
    buffer: 0,
  };
  draft.setDescription(description);
  return description;
}

/** What the driver opens, unless it runs out of memory. */
function file(draft: Draft, op: Op<'open'>, flags: ReadonlySet<Flag>): OpenFile | undefined {
  draft.callback('open', '', 'OPEN-02');
  if (draft.allocationFails()) return undefined;
  const ownedByDevice = draft.contract.buffer.owner === 'device';
  const description: OpenFile = {
    id: draft.id(),
    readable: op.access === 'ro' || op.access === 'rw',
    writable: op.access === 'wo' || op.access === 'rw',
    append: flags.has('append'),
    path: false,
    position: 0,
    buffer: ownedByDevice ? DEVICE_BUFFER : newBuffer(draft),
  };
  draft.setDescription(description);
  return description;
}

/** The clause that says most about an open that succeeds. */
function successClause(op: Op<'open'>, flags: ReadonlySet<Flag>): ClauseId {
  if (op.access === 'neither') return 'OPEN-09';
  if (op.user === 'nobody') return 'OPEN-10';
  return flags.size > 0 ? 'OPEN-11' : 'OPEN-01';
}
