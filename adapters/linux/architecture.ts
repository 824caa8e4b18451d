/** What differs between architectures wherever a kernel is fetched, built for, or run. */
export interface Architecture {
  /** What `uname -m` says, and what `spec/platform.ts` knows it by. */
  readonly machine: string;
  /** What Debian calls it. */
  readonly debian: string;
  /** Debian's kernel for virtual machines, as its packages end: `linux-image-FLAVOUR`, `linux-headers-FLAVOUR`. */
  readonly kernelFlavour: string;
  /** What stands before `gcc` where a compiler for it has another name than the machine's own; empty where it has not. */
  readonly compilerPrefix: string;
  readonly qemu: {
    readonly binary: string;
    /** The Debian and Ubuntu package that has it. */
    readonly package: string;
    readonly machine: string;
    readonly processor: {
      /** With hardware acceleration: what the host has. */
      readonly kvm: string;
      /** Emulated: the model, and what is taken away from it. */
      readonly tcg: string;
    };
    /** What the kernel calls the first serial line. */
    readonly console: string;
    /** The device that holds virtio ports. */
    readonly serialDevice: string;
  };
  /** The kernel's drivers between the helper and the host, unless they are built in: the bus of the port, and the port. */
  readonly portDrivers: readonly string[];
}

/** The one that guests have so far. Another is another record, and a column of `spec/platform.ts`. */
export const X86_64: Architecture = {
  machine: 'x86_64',
  debian: 'amd64',
  kernelFlavour: 'cloud-amd64',
  compilerPrefix: '',
  qemu: {
    binary: 'qemu-system-x86_64',
    package: 'qemu-system-x86',
    machine: 'q35',
    // Without cmpxchg16b (cx16), where it would be emulated: the slab allocator of the kernel has another way then.
    processor: { kvm: 'host', tcg: 'Nehalem-v1,-cx16' },
    console: 'ttyS0',
    serialDevice: 'virtio-serial-pci',
  },
  portDrivers: ['virtio_pci', 'virtio_console'],
};
