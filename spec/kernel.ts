import type { Configured, Started, TargetFacts } from './protocol.ts';

/** What differs between kernels, as far as it decides what a program observes. Built from what the target reports. */
export interface KernelProfile {
  readonly release: string;
  /** `[major, minor]` of the release. */
  readonly version: readonly [number, number];
  readonly machine: string;
  readonly facts: TargetFacts;
  /** Whether PROT_EXEC is refused because the node lies on a file system without execution. */
  readonly noexec: boolean;
  /** Whether the node is a regular file, which bounds offset + length of a mapping. */
  readonly regular: boolean;
}

/** The profile of a target that has answered `start` and `configure`. */
export function kernelProfile(started: Started, configured: Configured & { ok: true }): KernelProfile {
  const match = /^(\d+)\.(\d+)/.exec(started.kernel.release);
  return {
    release: started.kernel.release,
    version: [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)],
    machine: started.kernel.machine,
    facts: started.facts,
    noexec: configured.noexec,
    regular: configured.regular,
  };
}

/** Whether the profile's kernel is `major.minor` or newer. */
export function atLeast(kernel: KernelProfile, major: number, minor: number): boolean {
  return kernel.version[0] > major || (kernel.version[0] === major && kernel.version[1] >= minor);
}
