import type { Contract } from './contract.ts';
import type { Level } from './observation.ts';

/** One numbered requirement. Ids are stable: a clause may be withdrawn, its id is never reused. */
export interface Clause {
  readonly id: string;
  readonly level: 'MUST' | 'SHOULD' | 'INFO';
  readonly text: string;
  /** Where it is written, or how it was measured. */
  readonly source: string;
  /** The level on which it can be seen. */
  readonly seen: Level | 'reports' | 'memory';
  /** Whether it says something about devices of this contract; absent: about all. */
  readonly applies?: (contract: Contract, facts: ClauseFacts) => boolean;
}

/** What of a target decides whether a clause applies. */
export interface ClauseFacts {
  readonly noexec: boolean;
  readonly executeOnly: boolean;
  readonly mapPages: number | undefined;
  readonly repeat: boolean;
}

type Applies = NonNullable<Clause['applies']>;

const perOpen: Applies = (contract) => contract.buffer.owner === 'description';
const perDevice: Applies = (contract) => contract.buffer.owner === 'device';
const positioned: Applies = (contract) => contract.positioned;
const notPositioned: Applies = (contract) => !contract.positioned;
const aliasing: Applies = (contract) => contract.fault === 'first';
const byOffset: Applies = (contract) => contract.fault === 'offset';
const opens: Applies = (contract) => contract.vmOperations.open;
const closes: Applies = (contract) => contract.vmOperations.close;
const merges: Applies = (contract) => !contract.vmOperations.close && !contract.mmap.flags.includes('dontexpand');
const ranged: Applies = (contract) => contract.mmap.range === 'buffer';
const logs =
  (name: Contract['log']['callbacks'][number]): Applies =>
  (contract) =>
    contract.log.callbacks.includes(name);

function clause(id: string, seen: Clause['seen'], text: string, source: string, applies?: Applies): Clause {
  return { id, level: 'MUST', text, source, seen, ...(applies && { applies }) };
}

const all: readonly Clause[] = [
  clause(
    'OPEN-01',
    'outcome',
    'open succeeds for every access mode that the caller may have and yields the lowest free descriptor.',
    'open(2), RETURN VALUE',
  ),
  clause('OPEN-02', 'callbacks', 'open calls the driver’s open once.', 'contract, log', logs('open')),
  clause('FD-01', 'outcome', 'dup yields the lowest free descriptor, for the same open file description.', 'dup(2)'),
  clause(
    'FD-02',
    'outcome',
    'An operation on a descriptor that is not open fails with EBADF.',
    'read(2), write(2), close(2), dup(2), lseek(2): ERRORS',
  ),
  clause(
    'FD-03',
    'outcome',
    'close succeeds and frees the descriptor; mappings and other descriptors of the description are not touched.',
    'close(2), mmap(2) NOTES',
  ),
  clause(
    'LIFE-01',
    'callbacks',
    'release is called once for each open file description, when its last descriptor and its last mapping are gone, after all other callbacks of that operation.',
    'Documentation/filesystems/vfs.rst, release; fs/file_table.c fput',
    logs('release'),
  ),
  clause(
    'BUF-01',
    'outcome',
    'Each open has a buffer of its own with the initial bytes; what is written through another open is not seen.',
    'contract, buffer.owner',
    perOpen,
  ),
  clause('BUF-02', 'outcome', 'All opens share the device’s buffer.', 'contract, buffer.owner', perDevice),
  clause(
    'READ-01',
    'outcome',
    'read yields the buffer’s bytes from the position and moves it by as many.',
    'contract, read; read(2)',
  ),
  clause('READ-02', 'outcome', 'read at or beyond the end returns 0.', 'contract, read; read(2), RETURN VALUE'),
  clause(
    'READ-03',
    'outcome',
    'Reading a descriptor that is not open for reading fails with EBADF.',
    'read(2), ERRORS',
  ),
  clause(
    'READ-04',
    'outcome',
    'pread reads at its offset and leaves the position where it was.',
    'pread(2)',
    positioned,
  ),
  clause(
    'READ-05',
    'outcome',
    'pread with a negative offset fails with EINVAL before anything else is looked at.',
    'fs/read_write.c ksys_pread64; measured',
  ),
  clause(
    'READ-06',
    'outcome',
    'pread with an offset and length that end beyond 2^63 - 1 fails with EINVAL and does not reach the driver.',
    'fs/read_write.c rw_verify_area; measured',
    positioned,
  ),
  clause(
    'READ-07',
    'callbacks',
    'A read that passes the kernel’s checks calls the driver’s read once, with its length and position, also for length 0.',
    'fs/read_write.c vfs_read; measured',
    logs('read'),
  ),
  clause('READ-08', 'outcome', 'read of length 0 returns 0.', 'read(2); measured'),
  clause(
    'WRITE-01',
    'outcome',
    'write puts the bytes at the position and moves it; a write that crosses the end is shortened.',
    'contract, write',
    (c) => c.write.position === 'honoured',
  ),
  clause(
    'WRITE-02',
    'outcome',
    'write ignores the position, copies what fits to the start of the buffer, leaves the position, and returns the full length.',
    'contract, write',
    (c) => c.write.position === 'ignored',
  ),
  clause(
    'WRITE-03',
    'outcome',
    'write at the end of the buffer fails with ENOSPC, also for length 0.',
    'contract, write.atEnd; measured',
    (c) => c.write.position === 'honoured',
  ),
  clause(
    'WRITE-04',
    'outcome',
    'Writing a descriptor that is not open for writing fails with EBADF.',
    'write(2), ERRORS',
  ),
  clause(
    'WRITE-05',
    'outcome',
    'pwrite with a negative offset fails with EINVAL before anything else is looked at.',
    'fs/read_write.c ksys_pwrite64; measured',
  ),
  clause(
    'WRITE-06',
    'outcome',
    'pwrite with an offset and length that end beyond 2^63 - 1 fails with EINVAL and does not reach the driver.',
    'fs/read_write.c rw_verify_area; measured',
    positioned,
  ),
  clause('WRITE-07', 'outcome', 'pwrite leaves the position where it was.', 'pwrite(2)', positioned),
  clause(
    'WRITE-08',
    'callbacks',
    'A write that passes the kernel’s checks calls the driver’s write once, with its length and position.',
    'fs/read_write.c vfs_write; measured',
    logs('write'),
  ),
  clause('SEEK-01', 'outcome', 'lseek fails with ESPIPE.', 'contract, lseek; lseek(2)', (c) => c.lseek === 'none'),
  clause('SEEK-02', 'outcome', 'pread and pwrite fail with ESPIPE.', 'contract, positioned; pread(2)', notPositioned),
  clause(
    'SEEK-03',
    'outcome',
    'lseek with an unknown whence fails with EINVAL, after the descriptor was checked.',
    'lseek(2); measured',
  ),
  clause(
    'SEEK-04',
    'outcome',
    'lseek on a proc file without an lseek of its own fails with ESPIPE (Linux 6.0 and later).',
    'measured on 6.1, 6.12, 7.3',
    (c) => c.lseek === 'proc',
  ),
  clause('MAP-01', 'outcome', 'mmap with MAP_FIXED maps exactly there.', 'mmap(2), MAP_FIXED'),
  clause(
    'MAP-02',
    'outcome',
    'mmap with an offset that is no multiple of the page size fails with EINVAL, whatever else is wrong.',
    'mmap(2), ERRORS; measured',
  ),
  clause('MAP-03', 'outcome', 'mmap of a descriptor that is not open fails with EBADF.', 'mmap(2), ERRORS'),
  clause('MAP-04', 'outcome', 'mmap of length 0 fails with EINVAL.', 'mmap(2), ERRORS'),
  clause(
    'MAP-05',
    'outcome',
    'mmap of more than the address space holds fails with ENOMEM, before access is checked.',
    'mmap(2), ERRORS; measured',
  ),
  clause(
    'MAP-06',
    'outcome',
    'mmap of a range that ends beyond the largest file offset fails with EOVERFLOW, before access is checked.',
    'mmap(2), ERRORS; mm/mmap.c file_mmap_ok; measured',
  ),
  clause(
    'MAP-07',
    'outcome',
    'mmap with MAP_FIXED or MAP_FIXED_NOREPLACE at a misaligned address fails with EINVAL.',
    'mmap(2), ERRORS; measured',
  ),
  clause(
    'MAP-08',
    'outcome',
    'mmap with MAP_FIXED_NOREPLACE fails with EEXIST when anything is mapped in the range, before access is checked.',
    'mmap(2), MAP_FIXED_NOREPLACE; measured',
  ),
  clause('MAP-09', 'outcome', 'mmap with MAP_FIXED replaces what was mapped there.', 'mmap(2), MAP_FIXED'),
  clause('MAP-10', 'outcome', 'A free hint, rounded down to a page, is where the mapping goes.', 'mmap(2); measured'),
  clause(
    'MAP-11',
    'outcome',
    'Without an address the kernel maps at the top of the highest gap that is long enough.',
    'mm/mmap.c arch_get_unmapped_area_topdown; measured',
  ),
  clause('MAP-12', 'outcome', 'A hint that is taken is ignored: the kernel chooses.', 'mmap(2); measured'),
  clause(
    'MAP-13',
    'outcome',
    'mmap of a descriptor that is not open for reading fails with EACCES, whatever the protection.',
    'mmap(2), ERRORS',
  ),
  clause(
    'MAP-14',
    'outcome',
    'mmap with PROT_EXEC of a node on a file system without execution fails with EPERM.',
    'mmap(2), ERRORS; proc never executes: fs/proc/root.c SB_I_NOEXEC',
    (_, f) => f.noexec,
  ),
  clause(
    'MAP-15',
    'outcome',
    'mmap with a type that is none of shared, private, validate fails with EINVAL.',
    'mmap(2), ERRORS',
  ),
  clause(
    'MAP-16',
    'outcome',
    'mmap with MAP_SHARED_VALIDATE and an unknown flag fails with EOPNOTSUPP, before access is checked.',
    'mmap(2), MAP_SHARED_VALIDATE; measured',
  ),
  clause(
    'MAP-17',
    'outcome',
    'Without MAP_SHARED_VALIDATE unknown flags are ignored.',
    'mmap(2), MAP_SHARED_VALIDATE; measured',
  ),
  clause('MAP-18', 'outcome', 'mmap beyond the buffer fails with EINVAL.', 'contract, mmap.range', ranged),
  clause(
    'MAP-19',
    'outcome',
    'A MAP_FIXED mapping that the driver refuses has already unmapped what was there.',
    'mm/mmap.c mmap_region; measured',
    ranged,
  ),
  clause(
    'MAP-20',
    'outcome',
    'A private writable mapping without MAP_NORESERVE of more than all memory fails with ENOMEM, before the driver is asked.',
    'mm/util.c __vm_enough_memory, overcommit heuristic; measured',
    (_, f) => f.mapPages === undefined,
  ),
  clause(
    'MAP-21',
    'callbacks',
    'mmap calls the driver’s mmap once, after all checks of the kernel.',
    'mm/mmap.c mmap_region; measured',
    logs('mmap'),
  ),
  clause(
    'MAP-22',
    'outcome',
    'A mapping that continues a neighbour (same description, offset, flags) becomes part of it, and the driver’s mmap is not called.',
    'mm/mmap.c mmap_region, vma_merge; measured',
    merges,
  ),
  clause(
    'MAP-23',
    'callbacks',
    'The driver’s mmap calls its own vm_open.',
    'contract, mmap.callsVmOpen',
    (c) => c.mmap.callsVmOpen,
  ),
  clause(
    'MAP-24',
    'outcome',
    'mmap with MAP_FIXED_NOREPLACE maps exactly there when the range is free.',
    'mmap(2), MAP_FIXED_NOREPLACE',
  ),
  clause(
    'MAP-25',
    'outcome',
    'A shared writable mapping of a descriptor that is not open for writing fails with EACCES.',
    'mmap(2), ERRORS',
  ),
  clause(
    'MAP-26',
    'outcome',
    'mmap with MAP_SHARED_VALIDATE and MAP_FIXED_NOREPLACE on a free range fails with EOPNOTSUPP.',
    'include/linux/mman.h LEGACY_MAP_MASK; found by a generated program, measured on 6.1, 6.12 and 6.18',
  ),
  clause(
    'VMA-01',
    'layout',
    'Each mapping is listed with its range, permissions and offset, and nothing else is mapped.',
    'proc_pid_maps(5)',
  ),
  clause(
    'VMA-02',
    'layout',
    'A shared mapping carries sh and mw only if the description is open for writing, and ms in any case.',
    'mm/mmap.c do_mmap; proc_pid_smaps(5), VmFlags; measured',
  ),
  clause(
    'VMA-03',
    'layout',
    'Neighbours that continue each other (description, offset, flags, anon_vma) are one area.',
    'mm/vma.c vma_merge; measured',
    merges,
  ),
  clause(
    'VMA-04',
    'layout',
    'The driver’s flags are set, and areas with VM_DONTEXPAND are never merged.',
    'contract, mmap.flags; mm/vma.c VM_SPECIAL; measured',
    (c) => c.mmap.flags.length > 0,
  ),
  clause(
    'VMA-05',
    'layout',
    'A change of a part divides an area; each part keeps its offset.',
    'mm/vma.c __split_vma; measured',
  ),
  clause(
    'VMA-06',
    'layout',
    'A private writable mapping is accounted (ac) unless it was mapped with MAP_NORESERVE (nr).',
    'mm/mmap.c accountable_mapping; measured',
  ),
  clause(
    'UNMAP-01',
    'outcome',
    'munmap removes all pages of the range, whichever mappings they belong to.',
    'munmap(2)',
  ),
  clause('UNMAP-02', 'outcome', 'munmap at a misaligned address fails with EINVAL.', 'munmap(2), ERRORS'),
  clause('UNMAP-03', 'outcome', 'munmap of length 0 fails with EINVAL.', 'munmap(2), ERRORS'),
  clause('UNMAP-04', 'outcome', 'munmap beyond the address space fails with EINVAL.', 'mm/mmap.c do_munmap; measured'),
  clause('UNMAP-05', 'outcome', 'munmap of a range without any mapping succeeds.', 'munmap(2)'),
  clause(
    'UNMAP-06',
    'callbacks',
    'Dividing an area calls vm_open for each new part, before anything is closed.',
    'mm/vma.c __split_vma; measured',
    opens,
  ),
  clause(
    'UNMAP-07',
    'callbacks',
    'Each area that goes away is closed once with vm_close.',
    'mm/vma.c remove_vma; measured',
    closes,
  ),
  clause('PROT-01', 'outcome', 'mprotect of mapped pages within what the mapping may be succeeds.', 'mprotect(2)'),
  clause('PROT-02', 'outcome', 'mprotect at a misaligned address fails with EINVAL.', 'mprotect(2), ERRORS'),
  clause(
    'PROT-03',
    'outcome',
    'mprotect of length 0 succeeds and does nothing.',
    'mm/mprotect.c do_mprotect_pkey; measured',
  ),
  clause(
    'PROT-04',
    'outcome',
    'mprotect of a range that begins unmapped fails with ENOMEM and changes nothing.',
    'mprotect(2), ERRORS; measured',
  ),
  clause(
    'PROT-05',
    'outcome',
    'mprotect to an access that the mapping may never have (write on a shared mapping of a read-only descriptor, execution on noexec) fails with EACCES.',
    'mprotect(2), ERRORS',
  ),
  clause(
    'PROT-06',
    'callbacks',
    'mprotect of a part calls vm_open once for each new part.',
    'mm/mprotect.c mprotect_fixup, __split_vma; measured',
    opens,
  ),
  clause(
    'PROT-07',
    'outcome',
    'mprotect that meets a hole fails with ENOMEM; what lies before the hole is changed.',
    'mprotect(2), ERRORS; measured',
  ),
  clause(
    'PROT-08',
    'outcome',
    'mprotect of a length that wraps around fails with ENOMEM.',
    'mm/mprotect.c do_mprotect_pkey; measured',
  ),
  clause(
    'PROT-09',
    'outcome',
    'mprotect that makes a private mapping of more than all memory writable fails with ENOMEM.',
    'mm/mprotect.c mprotect_fixup, overcommit heuristic',
    (c, f) => f.mapPages === undefined && c.mmap.range === 'any',
  ),
  clause(
    'PROT-10',
    'layout',
    'mprotect changes the access bits of the range and nothing else; a private mapping that becomes writable is accounted from then on.',
    'mm/mprotect.c mprotect_fixup; measured',
  ),
  clause(
    'FAULT-01',
    'callbacks',
    'The first access to a page calls vm_fault once, with its page offset and whether it was a write.',
    'mm/memory.c do_fault; measured',
    logs('vm_fault'),
  ),
  clause(
    'FAULT-02',
    'outcome',
    'An access to a present page succeeds without the driver.',
    'mm/memory.c handle_pte_fault; measured',
  ),
  clause(
    'FAULT-03',
    'outcome',
    'An access where nothing is mapped ends with SIGSEGV, SEGV_MAPERR, at the first byte that is not mapped; bytes before it were accessed.',
    'sigaction(2); measured',
  ),
  clause(
    'FAULT-04',
    'outcome',
    'An access that the protection forbids ends with SIGSEGV, SEGV_ACCERR; on x86 any permission allows reading.',
    'sigaction(2), mmap(2) NOTES; measured',
  ),
  clause(
    'FAULT-05',
    'outcome',
    'Whatever the page offset, the fault yields the buffer’s first page.',
    'contract, fault',
    aliasing,
  ),
  clause(
    'FAULT-06',
    'outcome',
    'The fault yields the buffer’s page at the faulting page offset.',
    'contract, fault',
    byOffset,
  ),
  clause(
    'FAULT-07',
    'outcome',
    'A fault beyond the buffer ends with SIGBUS, BUS_ADRERR.',
    'contract, fault; mmap(2)',
    (c) => c.fault === 'offset' && c.mmap.range === 'any',
  ),
  clause(
    'FAULT-08',
    'outcome',
    'With protection keys an execute-only mapping cannot be read: SIGSEGV, SEGV_PKUERR.',
    'pkeys(7)',
    (_, f) => f.executeOnly && !f.noexec,
  ),
  clause(
    'ALIAS-01',
    'outcome',
    'Every page of every mapping of one open shows the same bytes, the ones that write and other mappings have left.',
    'contract, fault; mmap(2) MAP_SHARED',
    aliasing,
  ),
  clause(
    'ALIAS-02',
    'outcome',
    'A page of a mapping shows the buffer’s page at its offset, as write and all other mappings have left it.',
    'contract, fault; mmap(2) MAP_SHARED',
    byOffset,
  ),
  clause('ALIAS-03', 'outcome', 'A store where the protection allows it succeeds.', 'mmap(2)'),
  clause(
    'COW-01',
    'outcome',
    'The first store to a private page that is not present copies the driver’s page after one vm_fault for writing.',
    'mm/memory.c do_cow_fault; measured',
  ),
  clause(
    'COW-02',
    'outcome',
    'A store to a private page that was only read copies it without the driver.',
    'mm/memory.c do_wp_page; measured',
  ),
  clause(
    'COW-04',
    'outcome',
    'A private copy that a fork shared is copied again by whoever stores first.',
    'fork(2); mm/memory.c do_wp_page',
  ),
  clause(
    'COW-05',
    'outcome',
    'A private copy shows what its process stored, and no later change of the device.',
    'mmap(2), MAP_PRIVATE',
  ),
  clause('FORK-01', 'outcome', 'fork creates a process with the same descriptors and mappings.', 'fork(2)'),
  clause(
    'FORK-02',
    'callbacks',
    'fork calls vm_open for each area of the child.',
    'kernel/fork.c dup_mmap; measured',
    opens,
  ),
  clause(
    'FORK-03',
    'frames',
    'fork copies no page table of an area without private copies: the child faults by itself.',
    'mm/memory.c vma_needs_copy; measured',
  ),
  clause(
    'FORK-04',
    'frames',
    'fork copies all present pages of an area with private copies, the device’s pages too.',
    'mm/memory.c copy_page_range; measured',
  ),
  clause('FORK-05', 'layout', 'The child’s areas are those of its parent.', 'fork(2), kernel/fork.c dup_mmap'),
  clause('EXIT-01', 'outcome', 'A process that exits leaves the others as they are.', '_exit(2)'),
  clause(
    'EXIT-02',
    'callbacks',
    'A process that exits closes each of its areas with vm_close, before any release.',
    'mm/mmap.c exit_mmap; measured',
    closes,
  ),
  clause('EXIT-03', 'frames', 'The pages of a process that exits are no longer mapped.', 'mm/mmap.c exit_mmap'),
  clause(
    'FRAME-01',
    'frames',
    'All pages of all shared mappings of one open are one physical page.',
    'contract, fault',
    aliasing,
  ),
  clause(
    'FRAME-02',
    'frames',
    'A shared page is the physical page of the buffer at its offset, the same for all mappings, opens and processes.',
    'contract, fault',
    byOffset,
  ),
  clause(
    'FRAME-03',
    'frames',
    'A private copy is a physical page of its own, not marked as a file page.',
    'Documentation/admin-guide/mm/pagemap.rst; measured',
  ),
  clause('FRAME-04', 'frames', 'Unmapped pages are not present.', 'Documentation/admin-guide/mm/pagemap.rst'),
  clause('FRAME-05', 'frames', 'What an operation does not touch stays as it was.', 'by definition'),
  clause('CALL-01', 'callbacks', 'The driver is called for nothing else.', 'measured'),
  clause('HEALTH-01', 'reports', 'No operation makes the kernel complain.', 'by definition'),
  clause(
    'HEALTH-02',
    'memory',
    'Everything that an open allocated is free again after its release.',
    'contract, release',
    (_, f) => f.repeat,
  ),
];

/** All clauses by id. */
export const CLAUSES: ReadonlyMap<string, Clause> = new Map(all.map((entry) => [entry.id, entry]));

/** The clauses that a run on a target with these levels can exercise. */
export function applicableClauses(
  contract: Contract,
  facts: ClauseFacts,
  levels: readonly string[],
): readonly Clause[] {
  return all.filter(
    (entry) =>
      (levels.includes(entry.seen) ||
        (entry.seen === 'reports' && levels.includes('callbacks')) ||
        (entry.seen === 'memory' && facts.repeat)) &&
      (entry.applies === undefined || entry.applies(contract, facts)),
  );
}
