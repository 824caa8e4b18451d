import type { AddressSpace } from './address-space.ts';
import type { DescriptorTable } from './file.ts';
import type { Kernel } from './kernel.ts';

/** `struct task_struct`, as far as a program can tell. */
export class Process {
  readonly kernel: Kernel;
  readonly space: AddressSpace;
  readonly files: DescriptorTable;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.space = new kernel.parts.AddressSpace(kernel);
    this.files = new kernel.parts.DescriptorTable();
  }

  /** `copy_process`: descriptors first, then memory; a child whose memory could not be copied never runs. */
  fork(): Process | 'ENOMEM' {
    const child = new Process(this.kernel);
    this.files.copyTo(child.files);
    if (this.space.copyTo(child.space) === null) return child;
    child.exit();
    return 'ENOMEM';
  }

  /** `do_exit`: memory goes before descriptors. */
  exit(): void {
    this.space.exit();
    for (const descriptor of this.files.numbers()) this.close(descriptor);
    this.kernel.returnToUser();
  }

  /** Frees the number and drops its reference; false for a number that is not open. */
  close(descriptor: number): boolean {
    const file = this.files.getRaw(descriptor);
    if (file === null) return false;
    this.files.remove(descriptor);
    this.kernel.putFile(file);
    return true;
  }
}
