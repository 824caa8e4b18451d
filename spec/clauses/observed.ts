import { aliasing, both, byOffset, clause, type Clause, mapsPrivately, merges, shown } from './clause.ts';

/** What can be seen of an address space, and what must never be seen. */
export const observedClauses = [
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
    mapsPrivately,
  ),
  clause(
    'FRAME-01',
    'frames',
    'All pages of all shared mappings of one open are one physical page.',
    'contract, fault',
    both(shown, aliasing),
  ),
  clause(
    'FRAME-02',
    'frames',
    'A shared page is the physical page of the buffer at its offset, the same for all mappings, opens and processes.',
    'contract, fault',
    both(shown, byOffset),
  ),
  clause(
    'FRAME-03',
    'frames',
    'A private copy is a physical page of its own, not marked as a file page.',
    'Documentation/admin-guide/mm/pagemap.rst; measured',
    mapsPrivately,
  ),
  clause('FRAME-04', 'frames', 'Unmapped pages are not present.', 'Documentation/admin-guide/mm/pagemap.rst', shown),
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
  clause(
    'HEALTH-03',
    'health',
    'After a program, nothing is left of what the driver allocated during it, whatever failed on the way.',
    'contract, release',
  ),
  clause(
    'FRAME-06',
    'frames',
    'A page that is written for the first time after clear_refs, or after a fork, becomes soft-dirty.',
    'Documentation/admin-guide/mm/soft-dirty.rst; mm/memory.c wp_page_reuse; measured',
    { by: ['clear_refs'], applies: (_, facts) => facts.softDirty },
  ),
] as const satisfies readonly Clause[];
