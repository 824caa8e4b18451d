import { type Clause, clause, closes, fails, notSpecial, opens, perOpen } from './clause.ts';

/** Processes and the module. */
export const processesClauses: readonly Clause[] = [
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
  clause('FORK-06', 'layout', 'An area with MADV_DONTFORK is missing in the child.', 'madvise(2), MADV_DONTFORK', {
    by: ['madvise'],
  }),
  clause('FORK-07', 'layout', 'Locks are not inherited by a child.', 'mlock(2), NOTES', {
    by: ['mlock', 'mlockall'],
    applies: notSpecial,
  }),
  clause(
    'MODULE-01',
    'outcome',
    'The module cannot be unloaded while a descriptor, a mapping or a descriptor under way refers to it: EAGAIN.',
    'contract, safety; delete_module(2)',
    { by: ['reload'] },
  ),
  clause(
    'MODULE-02',
    'outcome',
    'The module can be unloaded and loaded again when nothing refers to it, and the device is then in its initial state.',
    'contract; delete_module(2)',
    { by: ['reload'] },
  ),
  clause(
    'FAIL-01',
    'outcome',
    'An allocation of the driver’s `open` that fails makes the call ENOMEM: there is no descriptor, and no release follows.',
    'contract, safety; open(2), ENOMEM',
    { by: ['open'], applies: (contract, facts) => perOpen(contract, facts) && fails('allocation')(contract, facts) },
  ),
  clause(
    'FAIL-02',
    'outcome',
    'A copy to user memory that fails makes the transfer EFAULT: the position stays, and nothing was read.',
    'contract, read; read(2), EFAULT',
    { by: ['read'], applies: fails('copy') },
  ),
  clause(
    'FAIL-03',
    'outcome',
    'A copy from user memory that fails makes the transfer EFAULT: the position stays, and the bytes to be written are zero.',
    'contract, write; include/linux/uaccess.h _copy_from_user; measured',
    { by: ['write'], applies: fails('copy') },
  ),
  clause(
    'FAIL-04',
    'outcome',
    'A copy of nothing that fails is no failure.',
    'include/linux/uaccess.h copy_to_user; measured',
    { by: ['read', 'write'], applies: fails('copy') },
  ),
  clause(
    'FAIL-05',
    'outcome',
    'A module whose load fails for want of memory says ENOMEM, or loads without what it can do without, and loads the next time.',
    'contract, safety; init_module(2), ENOMEM; measured',
    { by: ['reload'], applies: fails('allocation') },
  ),
  clause(
    'FAIL-06',
    'outcome',
    'Nothing fails on demand but what the driver allocates or copies on behalf of the operation.',
    'Documentation/fault-injection/fault-injection.rst; measured',
    { applies: (_, facts) => facts.failures.length > 0 },
  ),
];
