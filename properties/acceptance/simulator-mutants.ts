import type { ClauseId } from '../../spec/clauses.ts';
import type { PropertyName } from '../engine/campaign-types.ts';

/** What is wrong about a simulator, and what of it the suite has to find out. */
export interface SimulatorMutant {
  /** A sentence for people. */
  readonly text: string;
  /** The clause that says what it gets wrong: a short counterexample has to name it. */
  readonly clause: ClauseId;
  /** A device that shows it; `lkmc_mmap` if absent. */
  readonly contract?: string;
  /** The property that finds it; `lockstep` if absent. */
  readonly property?: PropertyName;
}

type Family = Readonly<Record<string, SimulatorMutant>>;

const DESCRIPTORS: Family = {
  'open-shares-one-page': {
    text: 'All opens share one buffer.',
    clause: 'BUF-01',
  },
  'buffer-starts-empty': { text: 'A new buffer has none of its first bytes.', clause: 'BUF-01' },
  'release-per-close': { text: '`release` runs at every close, not at the last.', clause: 'CALL-01' },
  'dup2-leaves-target-open': {
    text: 'dup2 takes a number without closing what was open under it.',
    clause: 'HEALTH-03',
  },
  'descriptor-numbers-not-reused': {
    text: 'open takes the next number, not the lowest free one.',
    clause: 'OPEN-01',
  },
  'path-descriptor-can-be-read': {
    text: 'What was opened with O_PATH can be used as if it were open.',
    clause: 'MAP-03',
  },
  'send-takes-no-reference': {
    text: 'A descriptor in a socket keeps nothing open.',
    clause: 'CALL-01',
  },
  'poll-never-writable': { text: 'poll leaves POLLOUT out.', clause: 'FILE-01' },
  'ioctl-accepts-anything': { text: 'ioctl succeeds for requests that nobody knows.', clause: 'FILE-05' },
  'fsync-succeeds': { text: 'fsync succeeds although the driver has none.', clause: 'FILE-04' },
};

const TRANSFERS: Family = {
  'read-ignores-position': {
    text: 'read begins at the start of the buffer, always.',
    clause: 'VEC-01',
  },
  'read-past-end': {
    text: 'read yields bytes behind the end.',
    clause: 'BUF-01',
  },
  'write-past-end': { text: 'write reaches behind the end.', clause: 'ALIAS-01' },
  'write-honours-position': {
    text: 'write begins at the position, and moves it, on a device that ignores it.',
    clause: 'WRITE-02',
  },
  'write-returns-copied': {
    text: 'write returns what it copied, on a device that returns what was asked for.',
    clause: 'VEC-02',
  },
  'write-at-end-returns-zero': {
    text: 'write at the end of the buffer returns 0 instead of ENOSPC.',
    contract: 'pages_mmap',
    clause: 'WRITE-03',
  },
  'pread-moves-position': { text: 'pread moves the position of the description.', clause: 'READ-02' },
  'readv-stops-at-first-segment': { text: 'readv fills its first segment only.', clause: 'VEC-01' },
  'preadv2-ignores-flags': {
    text: 'preadv2 does what it can and forgets flags that it does not know.',
    clause: 'VEC-10',
  },
  'seek-end': { text: 'lseek to the end succeeds where a file cannot be sought.', clause: 'SEEK-04' },
};

const MAPPINGS: Family = {
  'range-off-by-one': {
    text: 'mmap allows one page more than the buffer has.',
    contract: 'pages_mmap',
    clause: 'MAP-18',
  },
  'fixed-refuses-to-replace': { text: 'MAP_FIXED does not replace what is mapped.', clause: 'MAP-01' },
  'noreplace-replaces': { text: 'MAP_FIXED_NOREPLACE replaces what is mapped.', clause: 'MAP-08' },
  'private-writes-through': {
    text: 'A private mapping is a shared one.',
    clause: 'FRAME-03',
  },
  'vma-flags-not-set': { text: 'The driver does not set its flags on the area.', clause: 'VMA-01' },
  'munmap-forgets-split': {
    text: 'munmap of a part takes the whole area.',
    clause: 'UNMAP-06',
  },
  'munmap-keeps-pages': { text: 'What is unmapped stays in the page table.', clause: 'HEALTH-03' },
  'offset-not-shifted-by-split': {
    text: 'The upper part of a divided area begins at the offset of the lower one.',
    clause: 'VMA-01',
  },
  'mprotect-ignores-maywrite': {
    text: 'mprotect makes a mapping writable whose description is not.',
    clause: 'PROT-05',
  },
  'mremap-keeps-old': { text: 'mremap leaves the old mapping.', clause: 'REMAP-27' },
  'mremap-keeps-old-pages': {
    text: 'mremap leaves the pages of the old mapping in the page table.',
    contract: 'pages_mmap',
    clause: 'REMAP-28',
  },
  'mremap-loses-pages': { text: 'mremap does not bring the pages along.', clause: 'REMAP-28' },
};

const ADVICE_AND_LOCKS: Family = {
  'dontneed-keeps-copy': { text: 'MADV_DONTNEED keeps the pages.', clause: 'ADVICE-20' },
  'msync-always-succeeds': { text: 'msync accepts what it has to refuse.', clause: 'SYNC-04' },
  'mincore-says-all-present': { text: 'mincore says that every page is there.', clause: 'CORE-01' },
  'clear-refs-clears-nothing': { text: 'What was written stays marked as written.', clause: 'VMA-01' },
};

const ACCESS: Family = {
  'fault-hands-out-fresh-page': {
    text: 'Each fault yields a new page, not that of the buffer.',
    clause: 'ALIAS-01',
  },
  'fault-ignores-offset': {
    text: 'Every page of the mapping shows the first page of the buffer.',
    contract: 'pages_mmap',
    clause: 'FRAME-02',
  },
  'copy-on-write-copies-nothing': { text: 'A private copy begins with zeros.', clause: 'COW-05' },
  'load-needs-read-permission': { text: 'A page that may only be written cannot be read.', clause: 'ALIAS-01' },
  'vm-write-ignores-protection': { text: 'process_vm_writev writes to what may only be read.', clause: 'REMOTE-03' },
  'dirty-not-set': { text: 'A write does not mark a page that it brings in.', clause: 'FRAME-01' },
};

const PROCESSES_AND_THE_MODULE: Family = {
  'fork-shares-private-pages': {
    text: 'Parent and child go on writing to the same private page.',
    clause: 'FRAME-03',
  },
  'fork-loses-private-pages': {
    text: 'The child has the pages of the device where its parent has copies.',
    clause: 'FORK-03',
  },
  'fork-keeps-locks': { text: 'The child inherits locks.', contract: 'pages_mmap', clause: 'VMA-01' },
  'fork-ignores-dontfork': { text: 'The child inherits what MADV_DONTFORK should keep from it.', clause: 'CALL-01' },
  'exit-keeps-mappings': { text: 'A process that exits unmaps nothing.', clause: 'HEALTH-03' },
  'module-unloads-while-in-use': { text: 'The module can be unloaded while it is open.', clause: 'MODULE-01' },
  'missing-get-page': { text: 'The fault handler takes no reference on its page.', clause: 'HEALTH-01' },
  'release-frees-nothing': { text: '`release` forgets its pages without freeing them.', clause: 'HEALTH-03' },
};

const LIMITS: Family = {
  'descriptor-limit-ignored': { text: 'There are more descriptors than RLIMIT_NOFILE allows.', clause: 'PASS-04' },
  'address-space-limit-ignored': { text: 'More is mapped than RLIMIT_AS allows.', clause: 'SIZE-01' },
  'lock-limit-ignored': { text: 'More is locked than RLIMIT_MEMLOCK allows.', clause: 'LOCK-19' },
  'area-limit-off-by-one': { text: 'There is one area more than vm.max_map_count allows.', clause: 'AREA-01' },
};

const FAILURES: Family = {
  'failed-open-keeps-page': {
    text: 'An open that fails forgets the page that it has allocated.',
    property: 'failures',
    clause: 'HEALTH-03',
  },
  'failed-read-moves-position': {
    text: 'A read that fails moves the position.',
    property: 'failures',
    clause: 'BUF-01',
  },
  'failed-write-changes-nothing': {
    text: 'A write whose copy fails leaves the old bytes, where the copy leaves zeros.',
    property: 'failures',
    clause: 'VEC-01',
  },
};

const CALLBACKS: Family = {
  'vm-close-not-called': { text: '`vm_close` is not called.', clause: 'EXIT-02' },
  'vm-close-twice': { text: '`vm_close` is called twice.', clause: 'LIFE-01' },
  'vm-open-not-called': { text: '`vm_open` is not called.', clause: 'MAP-23' },
  'mmap-skips-vm-open': { text: 'The driver’s mmap does not call its `vm_open`.', clause: 'MAP-23' },
  'split-skips-vm-open': { text: 'Dividing an area does not call `vm_open`.', clause: 'UNMAP-06' },
  'write-fault-reported-as-read': {
    text: 'The fault handler is told of a read when it is a write.',
    clause: 'FAULT-01',
  },
};

/** All mutants by family, in the order in which people read them. */
export const SIMULATOR_MUTANTS: readonly (readonly [family: string, faults: Family])[] = [
  ['Descriptors', DESCRIPTORS],
  ['Transfers', TRANSFERS],
  ['Mappings', MAPPINGS],
  ['Advice and locks', ADVICE_AND_LOCKS],
  ['Access', ACCESS],
  ['Processes and the module', PROCESSES_AND_THE_MODULE],
  ['Limits', LIMITS],
  ['Failures', FAILURES],
  ['Callbacks', CALLBACKS],
];
