import { ConformanceError } from './errors.ts';

/**
 * What architectures do differently, as far as it decides what a program observes: data, so that the next architecture is one
 * entry more. What can be measured when a target starts is in `TargetFacts` instead, and what versions of Linux do
 * differently in `model/changes.ts`.
 */
export interface Platform {
  /** As people call it. */
  readonly title: string;
  /** As `started` says it. */
  readonly machine: string;
  /**
   * Which permission a load needs for a page that is not present. x86 asks for none in particular (arch/x86/mm/fault.c
   * `access_error`), User Mode Linux for reading or execution (arch/um/kernel/trap.c `handle_page_fault`).
   */
  readonly absentLoadNeeds: 'any' | 'read-or-execute';
  /**
   * How the kernel copies to and from the memory of a process. x86 uses the addresses of the process, as the processor sees
   * them (arch/x86/lib/copy_user_64.S). User Mode Linux looks up page after page in the page tables and copies between
   * addresses of its own, so that present pages can be read whatever their protection says (arch/um/kernel/skas/uaccess.c).
   */
  readonly userCopies: 'by-processor' | 'by-page';
  /**
   * Whether areas are marked of which one remap_pfn_range has made all pages, because their memory type is kept track of (arch/x86/mm/pat
   * `track_pfn_remap`; VM_ARCH_1, `ar` in VmFlags).
   */
  readonly tracksRemapped: boolean;
  /** Bytes. */
  readonly pageSize: number;
}

/** The architectures that were measured. */
export const PLATFORMS: readonly Platform[] = [
  {
    title: 'x86-64',
    machine: 'x86_64',
    absentLoadNeeds: 'any',
    userCopies: 'by-processor',
    tracksRemapped: true,
    pageSize: 4096,
  },
  {
    title: 'User Mode Linux',
    machine: 'um',
    absentLoadNeeds: 'read-or-execute',
    userCopies: 'by-page',
    tracksRemapped: false,
    pageSize: 4096,
  },
];

/**
 * What is known of the architecture that a target has named.
 *
 * @throws ConformanceError of kind `target` for one that was not measured, or with pages of another size
 */
export function platformOf(machine: string, pageSize: number): Platform {
  const found = PLATFORMS.find((platform) => platform.machine === machine && platform.pageSize === pageSize);
  if (found !== undefined) return found;
  const known = PLATFORMS.map((platform) => `${platform.machine} (pages of ${String(platform.pageSize)} bytes)`);
  throw new ConformanceError(
    'target',
    'architecture',
    `The architecture ${machine} with pages of ${String(pageSize)} bytes is not supported: it was not measured.`,
    { hint: `Supported are ${known.join(' and ')}; what another one does differently goes into spec/platform.ts.` },
  );
}
