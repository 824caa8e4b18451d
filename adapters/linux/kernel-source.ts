import type { Architecture } from './architecture.ts';

/** A root in which modules for some kernel can be built. */
export interface BuildRoot {
  readonly architecture: Architecture;
  /** The root: it holds the compiler. */
  readonly directory: string;
  /** Everything that decides what is built from the same sources. */
  readonly key: string;
  /** What `uname -r` says in the guest. */
  readonly kernelVersion: string;
  /** What the kernel was built in, if it does not lie in the root, where its package puts it: copied for each build. */
  readonly buildTree?: string;
  /** What `make` has to be told besides: the architecture. */
  readonly makeArguments?: readonly string[];
}

/** A kernel that a guest can start, and all that building modules for it takes. */
export interface Kernel extends BuildRoot {
  /** What is started: an image, or an executable. */
  readonly kernelPath: string;
  /** The directory of the kernel's own modules (`/lib/modules/VERSION`); absent where all that a guest needs is built in. */
  readonly modulesDir?: string;
}

/** What making a layer of the cache takes besides its ingredients. */
export interface LayerContext {
  readonly cacheDir: string;
  readonly onProgress: (message: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Where a kernel comes from. There are three: Debian's package (`debianKernel`), and for User Mode Linux a kernel that is compiled
 * here (`compiledKernel`) or that Debian has compiled (`packagedKernel`).
 *
 * A kernel in a build tree of the user's fits in as a fourth: `provide` checks the tree (it has been built, its
 * `include/config/kernel.release` gives the version, `arch/ARCH/boot` the image), makes a root with a compiler of the major version
 * that `.config` names in CONFIG_CC_VERSION_TEXT, and returns both: the tree is the `buildTree`, which is copied for each build, so
 * that nothing is written into it; the key holds a digest of `.config`, `Module.symvers` and the image, so that another
 * build is another key; and there is no `modulesDir`, so that the drivers of the port have to be built in, which `provide` reads
 * from `.config` and asks for by name where one is missing.
 */
export interface KernelSource {
  /**
   * Fetches or builds the kernel, or finds it in the cache.
   *
   * @throws ConformanceError of kind `target` when that fails; its message holds the end of the failed command's output
   */
  provide(context: LayerContext): Promise<Kernel>;
}
