import { both, clause, type Clause, inserts, mergesToGrow, notFixedInSize, remaps } from './clause.ts';

/** Pages that the driver’s mmap puts in place, so that nothing is left to be faulted in. */
export const placingClauses = [
  clause(
    'PLACE-01',
    'frames',
    'Pages that vm_insert_page has put in place are present as soon as mmap returns, and are pages of the device.',
    'contract, mmap.pages; mm/memory.c insert_page; measured',
    inserts,
  ),
  clause(
    'PLACE-02',
    'frames',
    'Of a mapping that remap_pfn_range has made, pagemap shows no page.',
    'mm/pagewalk.c walk_page_test, VM_PFNMAP; measured',
    remaps,
  ),
  clause(
    'PLACE-03',
    'outcome',
    'An access where no page was put in place, or to one that is gone, ends with SIGBUS, BUS_ADRERR, also in private mappings: there is no fault handler.',
    'mm/memory.c do_fault; measured',
    both(inserts, (_, facts) => facts.operations.includes('madvise') || facts.operations.includes('mremap')),
  ),
  clause(
    'PLACE-04',
    'frames',
    'fork copies the page tables of VM_MIXEDMAP and VM_PFNMAP areas, for the child could not fault their pages in.',
    'mm/memory.c vma_needs_copy; measured',
    (contract, facts) => inserts(contract, facts) || remaps(contract, facts),
  ),
  clause(
    'PLACE-05',
    'outcome',
    'MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_COLD and MADV_PAGEOUT of a VM_PFNMAP area fail with EINVAL.',
    'madvise(2), ERRORS; mm/madvise.c can_madv_lru_vma; measured',
    { by: ['madvise'], applies: remaps },
  ),
  clause(
    'PLACE-06',
    'outcome',
    'MADV_DOFORK of a VM_IO area fails with EINVAL.',
    'mm/madvise.c madvise_vma_behavior; measured',
    { by: ['madvise'], applies: remaps },
  ),
  clause(
    'PLACE-07',
    'outcome',
    'The kernel gets at no page of a VM_IO or VM_PFNMAP area for somebody else: process_vm_readv and process_vm_writev fail with EFAULT, /proc/PID/mem with EIO, MADV_POPULATE_READ and MADV_POPULATE_WRITE with EINVAL.',
    'mm/gup.c check_vma_flags; measured',
    { by: ['vm_read', 'vm_write', 'mem_read', 'mem_write', 'madvise'], applies: remaps },
  ),
  clause(
    'PLACE-08',
    'outcome',
    'mremap does not make a VM_MIXEDMAP area longer in place, although there is room: ENOMEM, because it never merges.',
    'mm/mremap.c mremap; mm/vma.c vma_merge_extend; measured',
    { by: ['mremap'], applies: both(inserts, notFixedInSize, mergesToGrow) },
  ),
  clause(
    'PLACE-10',
    'layout',
    'On x86 an area that one remap_pfn_range has made is marked (ar), and so is what is split off it; when mremap has moved pages away, what is left is marked no more.',
    'arch/x86/mm/pat/memtype.c track_pfn_remap, untrack_pfn_clear; gone in 6.16; measured',
    {
      by: ['mremap'],
      before: [6, 16],
      applies: both(remaps, (_, facts) => facts.platform.tracksRemapped),
    },
  ),
  clause(
    'PLACE-09',
    'outcome',
    'mincore says of no page of a VM_PFNMAP area that it is present.',
    'mm/pagewalk.c walk_page_test, mm/mincore.c; measured on 5.10, 6.1 and 6.12, not so on 7.3',
    { by: ['mincore'], before: [7, 3], applies: remaps },
  ),
] as const satisfies readonly Clause[];
